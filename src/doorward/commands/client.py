"""``doorward client``: manage OAuth clients. A secret is printed only when it is created."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final, TextIO, get_args

import click

from doorward.api.oauth_services import OAuthServices
from doorward.commands.administering import read_password
from doorward.commands.errors import CommandError
from doorward.commands.oauth import run_oauth
from doorward.core.versions import any_version
from doorward.domain.oauth.key_changes import MAXIMUM_SET_LENGTH as LONGEST_SET
from doorward.domain.oauth.key_changes import ClientKeys
from doorward.domain.oauth.models import (
    PRIVATE_KEY,
    AuthMethod,
    ClientContent,
    ClientDetails,
    ClientKeySource,
    ClientWithSecret,
    GrantType,
    KeyAlgorithm,
    OAuthClient,
)

_ID: Final = click.argument("client_id", metavar="ID")
_METHODS: Final = click.Choice(get_args(AuthMethod))
_GRANTS: Final = click.Choice(get_args(GrantType))
_SECRET_FROM_INPUT: Final = click.option(
    "--secret-stdin",
    "is_secret_given",
    is_flag=True,
    help="Read the secret from the first line of standard input: at least 32 characters.",
)

_KEYS_FROM_FILE: Final = click.option(
    "--jwks-file",
    type=click.File(encoding="utf-8"),
    help="With private_key_jwt: a file with the JWK set of its public keys.",
)
_KEYS_FROM_HOST: Final = click.option(
    "--jwks-uri", metavar="URI", help="With private_key_jwt: the https URL of that set."
)

_OF_APPLICATIONS: Final = (
    click.option(
        "--redirect-uri",
        "redirect_uris",
        multiple=True,
        metavar="URI",
        help="Where browsers are redirected with authorization codes.",
    ),
    click.option(
        "--post-logout-uri",
        "post_logout_uris",
        multiple=True,
        metavar="URI",
        help="Where browsers are redirected after a logout.",
    ),
    click.option(
        "--id-token-algorithm",
        type=click.Choice(get_args(KeyAlgorithm)),
        help="The signature algorithm of its ID tokens.",
    ),
    click.option(
        "--first-party/--third-party",
        "is_first_party",
        default=None,
        help="A first-party client is your own: users are not asked for consent.",
    ),
    click.option(
        "--pkce/--no-pkce", "requires_pkce", default=None, help="Whether it must send a code challenge (RFC 7636)."
    ),
    click.option(
        "--pushed-requests/--any-requests",
        "requires_pushed_requests",
        default=None,
        help="Whether it must push each authorization request first (RFC 9126).",
    ),
    click.option(
        "--backchannel-logout-uri",
        metavar="URI",
        help="Where its server is notified of ended sessions; empty: nowhere.",
    ),
)


@click.group(help="Manage OAuth clients. ID is a client's id, or doorward for the service's own login.")
def client() -> None:
    """Group the commands of clients."""


def _application_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of clients that sign users in through a browser to a command."""
    for option in reversed(_OF_APPLICATIONS):
        command = option(command)
    return command


@client.command(help="Add a client with this NAME. Its id and its secret are printed; the secret is shown only once.")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, metavar="SCOPE", help="A scope that its tokens may have. May be repeated."
)
@click.option("--audience", "resources", multiple=True, metavar="URI", help="A resource that its tokens may be for.")
@click.option("--grant", "grant_types", multiple=True, type=_GRANTS, help="Default: client_credentials.")
@click.option("--no-grants", is_flag=True, help="It gets no tokens, and may only introspect tokens of other clients.")
@click.option("--auth-method", type=_METHODS, default="client_secret_basic", show_default=True)
@_application_options
@_SECRET_FROM_INPUT
@_KEYS_FROM_FILE
@_KEYS_FROM_HOST
def add(name: str, *, no_grants: bool, is_secret_given: bool, **named: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Add the client; print its id and its secret.

    A client with a redirect URI gets by default the grant types that sign users in and keep them signed in.
    """
    if no_grants and named["grant_types"]:
        raise click.UsageError("--no-grants and --grant exclude each other")
    chosen = read_password() if is_secret_given else None
    keys = _keys(named.pop("jwks_file"), named.pop("jwks_uri"))
    if (named["auth_method"] == PRIVATE_KEY) != (keys is not None):
        raise click.UsageError("--auth-method private_key_jwt goes with --jwks-file or --jwks-uri")
    usual = ("authorization_code", "refresh_token") if named["redirect_uris"] else ("client_credentials",)
    named["grant_types"] = () if no_grants else tuple(named["grant_types"]) or usual
    content = ClientContent(name, **{field: value for field, value in named.items() if value is not None})
    made = run_oauth(lambda use_cases: _create(use_cases, content, chosen, keys))
    click.echo("\t".join([made.client.client_id, *_secrets_to_print(made.secret, is_given=is_secret_given)]))


@client.command("set-keys", help="Replace the public keys of the client ID, which uses private_key_jwt.")
@_ID
@_KEYS_FROM_FILE
@_KEYS_FROM_HOST
def set_keys(client_id: str, jwks_file: TextIO | None, jwks_uri: str | None) -> None:
    """Replace the keys. Signatures by the previous ones are no longer accepted."""
    source = _keys(jwks_file, jwks_uri) or ClientKeySource(None, None)
    run_oauth(lambda use_cases: _require_client_keys(use_cases).replace(client_id, source))
    click.echo("doorward: the client has other keys")


@client.command("list", help="List the clients, one per line: id, state, method, grant types, scopes, audiences, name.")
def list_clients() -> None:
    """Print the clients."""
    for each in run_oauth(lambda use_cases: use_cases.clients.list()):
        click.echo(_line(each))


@client.command(help="Show the client ID as one line of JSON, without its secrets.")
@_ID
def show(client_id: str) -> None:
    """Print the client, and when its secrets were created and when they expire."""
    click.echo(_json(run_oauth(lambda use_cases: use_cases.clients.get(client_id, any_version))))


@client.command("set", help="Change the client ID. Values without an option and issued tokens stay unchanged.")
@_ID
@click.option("--name", metavar="NAME", help="The displayed name.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="Replaces the scopes. May be repeated.")
@click.option("--no-scopes", is_flag=True, help="Remove all scopes.")
@click.option("--audience", "resources", multiple=True, metavar="URI", help="Replaces the resources.")
@click.option("--no-audiences", is_flag=True, help="Remove all resources.")
@click.option("--grant", "grant_types", multiple=True, type=_GRANTS, help="Replaces the grant types.")
@click.option("--auth-method", type=_METHODS, help="How it authenticates.")
@_application_options
def change(client_id: str, *, no_scopes: bool, no_audiences: bool, **named: Any) -> None:  # noqa: ANN401 - as click parsed it
    """Change the given values, and print the client."""
    if (no_scopes and named["scopes"]) or (no_audiences and named["resources"]):
        raise click.UsageError("--no-scopes excludes --scope, and --no-audiences excludes --audience")
    changes: dict[str, object] = {field: value for field, value in named.items() if value not in (None, ())}
    changes |= {"scopes": ()} if no_scopes else {}
    changes |= {"resources": ()} if no_audiences else {}
    click.echo(_line(run_oauth(lambda use_cases: use_cases.clients.update(None, client_id, changes, any_version))))


@client.command(help="Create and print a new secret of the client ID. The old one stays valid for 7 days.")
@_ID
@_SECRET_FROM_INPUT
def rotate_secret(client_id: str, *, is_secret_given: bool) -> None:
    """Rotate the secret, and print the new one."""
    chosen = read_password() if is_secret_given else None
    made = run_oauth(
        lambda use_cases: use_cases.clients.rotate_secret(None, client_id, any_version, chosen_secret=chosen)
    )
    for secret in _secrets_to_print(made.secret, is_given=is_secret_given):
        click.echo(secret)


@client.command(help="Disable the client ID: it gets no tokens, and its issued tokens are refused.")
@_ID
def disable(client_id: str) -> None:
    """Disable the client, and print it."""
    click.echo(_line(run_oauth(lambda use_cases: use_cases.clients.disable(None, client_id, any_version))))


@client.command(help="Enable the client ID: it gets tokens again. Tokens from before stay refused.")
@_ID
def enable(client_id: str) -> None:
    """Enable the client, and print it."""
    click.echo(_line(run_oauth(lambda use_cases: use_cases.clients.enable(None, client_id, any_version))))


@client.command(help="Remove the client ID with its secrets. Its tokens are refused from now on.")
@_ID
def remove(client_id: str) -> None:
    """Remove the client."""
    run_oauth(lambda use_cases: use_cases.clients.delete(None, client_id, any_version))
    click.echo("doorward: the client is removed")


def _secrets_to_print(secret: str | None, *, is_given: bool) -> Sequence[str]:
    """Return the secret to print; nothing if the operator chose it, or if the client has none."""
    return [] if secret is None or is_given else [secret]


def _line(each: OAuthClient) -> str:
    state = "enabled" if each.is_enabled else "disabled"
    lists = [" ".join(values) for values in (each.grant_types, each.scopes, each.resources)]
    return "\t".join([each.client_id, state, each.auth_method, *lists, each.name])


def _json(details: ClientDetails) -> str:
    shown = {**asdict(details.client), "secrets": [asdict(each) for each in details.secrets]}
    return json.dumps(shown, default=lambda moment: moment.isoformat())


def _keys(jwks_file: TextIO | None, jwks_uri: str | None) -> ClientKeySource | None:
    if jwks_file is None and jwks_uri is None:
        return None
    return ClientKeySource(None if jwks_file is None else jwks_file.read(LONGEST_SET + 1), jwks_uri)


async def _create(
    use_cases: OAuthServices, content: ClientContent, chosen: str | None, keys: ClientKeySource | None
) -> ClientWithSecret:
    checked = None if keys is None else _require_client_keys(use_cases).checked(keys)
    return await use_cases.clients.create(None, content, chosen_secret=chosen, keys=checked)


def _require_client_keys(use_cases: OAuthServices) -> ClientKeys:
    if use_cases.client_keys is None:
        raise CommandError("keys of clients need the OpenID provider: set PUBLIC_URL, and install doorward[oauth]")
    return use_cases.client_keys
