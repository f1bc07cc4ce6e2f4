"""The operator's commands for clients and resources."""

import asyncio
import io
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from doorward.commands.main import main
from doorward.domain.oauth.client_secret import hash_of
from tests.integration.oauth.assertions.signing import Key, key_set

Run = Callable[..., Awaitable[tuple[int, str, str]]]
ORDERS = "https://orders.example"


@pytest.fixture
def run(environment: pytest.MonkeyPatch, own_database: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; return its exit status, its output and its errors."""
    environment.setenv("DATABASE_URL", own_database)
    environment.setenv("PUBLIC_URL", "https://auth.example")
    environment.setenv("JWT_AUDIENCE", "https://api.example")

    async def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        environment.setattr("sys.stdin", io.StringIO(typed))
        status = await asyncio.to_thread(main, arguments)
        written = capsys.readouterr()
        return status, written.out, written.err

    return run


def sql(url: str, query: str, *parameters: object) -> list[dict[str, Any]]:
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


async def added(run: Run, *arguments: str) -> tuple[str, str]:
    status, out, err = await run("client", "add", *arguments)
    assert status == 0, err
    client_id, _, secret = out.strip().partition("\t")
    return client_id, secret


async def test_a_client_is_added_shown_changed_and_removed(run: Run, own_database: str) -> None:
    await run("resource", "add", ORDERS, "--scope", "orders:read")
    client_id, secret = await added(run, "Nightly report", "--scope", "orders:read", "--audience", ORDERS)
    assert (client_id[:4], len(client_id), secret[:4], len(secret)) == ("dwc_", 26, "dws_", 47)
    line = f"{client_id}\tenabled\tclient_secret_basic\tclient_credentials\torders:read\t{ORDERS}\tNightly report\n"
    assert (await run("client", "list"))[1].splitlines(keepends=True)[1:] == [line]
    shown = json.loads((await run("client", "show", client_id))[1])
    assert (shown["client_id"], shown["version"], len(shown["secrets"])) == (client_id, 1, 1)
    changes = ("--name", "Report", "--no-scopes", "--no-audiences", "--auth-method", "client_secret_post")
    _, changed, _ = await run("client", "set", client_id, *changes)
    assert changed == f"{client_id}\tenabled\tclient_secret_post\tclient_credentials\t\t\tReport\n"
    assert (await run("client", "disable", client_id))[1].split("\t")[1] == "disabled"
    assert (await run("client", "enable", client_id))[1].split("\t")[1] == "enabled"
    assert (await run("client", "remove", client_id))[0] == 0
    assert await run("client", "show", client_id) == (
        1,
        "",
        "doorward: There is no such client. List them: doorward client list.\n",
    )
    (actor,) = sql(own_database, "SELECT DISTINCT split_part(actor, ':', 1) AS actor FROM audit_events")
    assert actor == {"actor": "operator"}


async def test_a_secret_is_printed_once_and_stored_as_its_hash(run: Run, own_database: str) -> None:
    client_id, first = await added(run, "Nightly")
    _, out, _ = await run("client", "rotate-secret", client_id)
    second = out.strip()
    assert (second[:4], len(second)) == ("dws_", 47)
    for arguments in (("list",), ("show", client_id)):
        _, written, _ = await run("client", *arguments)
        assert first not in written
        assert second not in written
    stored = sql(own_database, "SELECT secret_hash FROM oauth_client_secrets")
    assert {row["secret_hash"] for row in stored} == {hash_of(first), hash_of(second)}
    assert len(json.loads((await run("client", "show", client_id))[1])["secrets"]) == 2


async def test_a_chosen_secret_is_read_from_standard_input(run: Run, own_database: str) -> None:
    chosen, other = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    status, out, _ = await run("client", "add", "Moved", "--secret-stdin", typed=f"{chosen}\n")
    assert (status, out.strip()[:4], chosen in out) == (0, "dwc_", False)
    client_id = out.strip()
    assert await run("client", "rotate-secret", client_id, "--secret-stdin", typed=f"{other}\n") == (0, "", "")
    stored = sql(own_database, "SELECT secret_hash FROM oauth_client_secrets")
    assert {row["secret_hash"] for row in stored} == {hash_of(chosen), hash_of(other)}
    status, _, err = await run("client", "rotate-secret", client_id, "--secret-stdin", typed="too short\n")
    assert (status, "32 to 256 characters" in err) == (1, True)


async def test_clients_without_a_secret_or_without_grants_can_be_added(run: Run) -> None:
    client_id, secret = await added(run, "Phone", "--auth-method", "none", "--grant", "refresh_token")
    assert secret == ""
    status, _, err = await run("client", "rotate-secret", client_id)
    assert (status, err) == (1, "doorward: The client has no secret, and gets none. Add another client.\n")
    asking, secret = await added(run, "Orders", "--no-grants")
    assert secret
    assert json.loads((await run("client", "show", asking))[1])["grant_types"] == []


async def test_only_scopes_and_audiences_of_the_built_in_client_can_be_changed(run: Run) -> None:
    unknown = await run("client", "set", "doorward", "--scope", "orders:read", "--audience", ORDERS)
    assert unknown[::2] == (
        1,
        "doorward: There are no such resources, or they are more than 20. Add them first: doorward resource add URI.\n",
    )
    await run("resource", "add", ORDERS, "--scope", "orders:read")
    status, out, _ = await run("client", "set", "doorward", "--scope", "orders:read", "--audience", ORDERS)
    line = f"doorward\tenabled\tnone\tpassword refresh_token\taccount orders:read\t{ORDERS}\tdoorward\n"
    assert (status, out) == (0, line)
    for arguments in (
        ("set", "doorward", "--name", "other"),
        ("set", "doorward", "--grant", "client_credentials"),
        ("set", "doorward", "--auth-method", "client_secret_basic"),
        ("disable", "doorward"),
        ("enable", "doorward"),
        ("remove", "doorward"),
    ):
        status, _, err = await run("client", *arguments)
        assert (status, err) == (
            1,
            "doorward: Of the built-in client only scopes and resources can be changed.\n",
        ), arguments
    assert (await run("client", "list"))[1] == line


async def test_resources_are_listed_together_with_the_built_in_ones_and_removed(run: Run) -> None:
    client_id, _ = await added(run, "Orders", "--no-grants")
    arguments = ("--scope", "orders:write", "--scope", "orders:read", "--algorithm", "RS256")
    status, out, _ = await run("resource", "add", ORDERS, *arguments, "--introspection-client", client_id)
    assert (status, out) == (0, f"{ORDERS}\tRS256\torders:read orders:write\t{client_id}\n")
    built_in = "https://api.example\tbuilt-in\t\t\nhttps://auth.example\tbuilt-in\t\t\n"
    assert (await run("resource", "list"))[1] == built_in + out
    for identifier in ("https://api.example", "https://auth.example"):
        for refused in (["add"], ["add", "--introspection-client", client_id, "--scope", "orders:read"], ["remove"]):
            assert (await run("resource", *refused, identifier))[0] == 1
    assert await run("resource", "add", ORDERS) == (1, "", "doorward: There is a resource of this identifier.\n")
    assert (await run("resource", "remove", ORDERS))[0] == 0
    assert (await run("resource", "list"))[1] == built_in
    assert (await run("resource", "add", "https://api.example", "--introspection-client", client_id))[0] == 0
    linked = built_in.replace("\t\n", f"\t{client_id}\n", 1)
    assert (await run("resource", "list"))[1] == linked
    assert (await run("resource", "remove", "https://api.example"))[0] == 0
    assert (await run("resource", "list"))[1] == built_in
    status, _, err = await run("resource", "remove", ORDERS)
    assert (status, err) == (1, "doorward: There is no such resource. List them: doorward resource list.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("client", "add", "Nightly", "--no-grants", "--grant", "refresh_token"),
        ("client", "add", "Nightly", "--grant", "password"),
        ("client", "add", "Nightly", "--auth-method", "private_key_jwt"),
        ("client", "set", "doorward", "--no-scopes", "--scope", "orders:read"),
        ("client", "set", "doorward", "--no-audiences", "--audience", ORDERS),
        ("resource", "add", ORDERS, "--algorithm", "HS256"),
    ],
    ids=" ".join,
)
async def test_unknown_and_mutually_exclusive_options_are_usage_errors(run: Run, arguments: tuple[str, ...]) -> None:
    assert (await run(*arguments))[0] == 2


async def test_registration_tokens_are_added_listed_and_removed(run: Run) -> None:
    status, out, _ = await run("registration-token", "add", "Tools", "--scope", "openid", "--uses", "5", "--days", "7")
    assert (status, out[:4]) == (0, "dwi_")
    status, listed, _ = await run("registration-token", "list")
    token_id, uses, expires_at, *rest = listed.strip().split("\t")
    assert (status, uses, rest) == (0, "5", ["openid", "", "Tools"])
    assert expires_at.endswith("+00:00")
    assert out.strip() not in listed
    assert (await run("registration-token", "remove", token_id))[:2] == (0, "doorward: the token is removed\n")
    status, _, err = await run("registration-token", "remove", token_id)
    assert (status, err) == (1, "doorward: There is no such token.\n")
    assert (await run("registration-token", "add", "Tools", "--days", "0"))[0] == 1


async def test_the_keys_of_a_client_without_a_secret_can_be_replaced(
    run: Run, own_database: str, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(key_set(Key("first").jwk()))
    second.write_text(key_set(Key("second").jwk()))
    missing = await run("client", "add", "Signer", "--auth-method", "private_key_jwt")
    assert missing[0] != 0
    client_id, secret = await added(run, "Signer", "--auth-method", "private_key_jwt", "--jwks-file", str(first))
    assert secret == ""
    assert sql(own_database, "SELECT jwks FROM oauth_client_keys")[0]["jwks"] == first.read_text()
    changed = "doorward: the client has other keys\n"
    assert (await run("client", "set-keys", client_id, "--jwks-file", str(second)))[:2] == (0, changed)
    assert (await run("client", "set-keys", client_id, "--jwks-uri", "https://keys.example/jwks"))[:2] == (0, changed)
    stored = sql(own_database, "SELECT jwks, jwks_uri FROM oauth_client_keys")
    assert stored == [{"jwks": None, "jwks_uri": "https://keys.example/jwks"}]
    for arguments in ((), ("--jwks-uri", "http://keys.example/"), ("--jwks-file", str(tmp_path / "none.json"))):
        assert (await run("client", "set-keys", client_id, *arguments))[0] != 0
    assert (await run("client", "rotate-secret", client_id))[0] == 1
    assert (await run("client", "set", client_id, "--auth-method", "client_secret_basic"))[0] == 1
