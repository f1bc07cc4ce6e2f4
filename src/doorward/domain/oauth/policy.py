"""Rules for clients and resources, and the verification of a client's secret. Pure."""

import hmac
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from doorward.core.text import UnsafeTextError, normalize
from doorward.domain.auth.models import ACCOUNT_SCOPE, FIRST_PARTY_CLIENT
from doorward.domain.oauth.document_address import is_document_address
from doorward.domain.oauth.events import RefusedAuthentication
from doorward.domain.oauth.exceptions import (
    BuiltInClientError,
    BuiltInResourceError,
    InvalidAuthMethodError,
    InvalidClientNameError,
    InvalidClientScopesError,
    InvalidClientSecretError,
    InvalidGrantTypesError,
    InvalidLogoutUriError,
    InvalidRedirectUriError,
    InvalidResourceError,
    InvalidResourceScopesError,
    OperatorOnlyError,
    PkceRequiredError,
    RedirectUriMissingError,
    UnknownResourceError,
)
from doorward.domain.oauth.models import (
    NO_SECRET,
    PRIVATE_KEY,
    AuthMethod,
    ClientContent,
    ResourceContent,
    StoredClient,
)
from doorward.domain.oauth.redirect_uris import checked_redirect_uris, origin_of

CLIENT_CREDENTIALS: Final = "client_credentials"
REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105 - the name of a grant type
AUTHORIZATION_CODE: Final = "authorization_code"
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
"""RFC 8628 section 3.4."""

OPENID_SCOPE: Final = "openid"
PROFILE_SCOPE: Final = "profile"
EMAIL_SCOPE: Final = "email"
OFFLINE_SCOPE: Final = "offline_access"
USER_SCOPES: Final = frozenset({OPENID_SCOPE, PROFILE_SCOPE, EMAIL_SCOPE, OFFLINE_SCOPE})
"""Scopes about the user, and for access without the browser session (OpenID Connect Core sections 5.4 and 11)."""
ADMINISTRATION: Final = "admin:"
MAXIMUM_CLIENTS: Final = 250
MAXIMUM_DESCRIBED_CLIENTS: Final = 250
"""A limit of its own, so that described clients cannot use up the limit of the operator's clients."""

MAXIMUM_RESOURCES: Final = 200
"""Few enough for a list without pages."""

MAXIMUM_NAME_LENGTH: Final = 100
MAXIMUM_SCOPES: Final = 50
MAXIMUM_RESOURCES_OF_A_CLIENT: Final = 20
MAXIMUM_IDENTIFIER_LENGTH: Final = 255
KNOWN_IDENTIFIERS: Final = 512
SECRET_OVERLAP: Final = timedelta(days=7)
SECRETS_OF_A_CLIENT: Final = 2

_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECRET: Final = re.compile(r"[A-Za-z0-9._~-]{32,256}")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")
"""RFC 6749 section 3.3."""

_ABSOLUTE_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
"""RFC 3986 section 4.3: without a fragment."""

_NO_HASH: Final = bytes(32)
"""Compared in place of a missing secret, so that the time is the same. No known text has this hash."""


def may_be_a_client_id(text: str) -> bool:
    """Return whether a client can have this id. Other ids are not looked up."""
    return _CLIENT_ID.fullmatch(text) is not None or is_document_address(text)


def checked_content(content: ClientContent) -> ClientContent:
    """Return the normalized content of a client other than the built-in one, without duplicates in its lists.

    Raises ``InvalidClientNameError``, ``InvalidGrantTypesError``, ``InvalidClientScopesError``,
    ``InvalidRedirectUriError``, ``RedirectUriMissingError``, ``PkceRequiredError``, ``InvalidLogoutUriError``,
    ``UnknownResourceError`` for too many resources.
    """
    grant_types = tuple(sorted(set(content.grant_types)))
    if not set(grant_types) <= {AUTHORIZATION_CODE, CLIENT_CREDENTIALS, DEVICE_CODE, REFRESH_TOKEN}:
        raise InvalidGrantTypesError
    if CLIENT_CREDENTIALS in grant_types and content.auth_method == NO_SECRET:
        raise InvalidGrantTypesError
    if not content.requires_pkce and content.auth_method == NO_SECRET:
        raise PkceRequiredError
    redirect_uris = checked_redirect_uris(content.redirect_uris)
    if AUTHORIZATION_CODE in grant_types and not redirect_uris:
        raise RedirectUriMissingError
    scopes = checked_scopes(content.scopes)
    has_users = bool({AUTHORIZATION_CODE, DEVICE_CODE} & set(grant_types)) or CLIENT_CREDENTIALS not in grant_types
    if (ACCOUNT_SCOPE in scopes and not content.is_first_party) or (OPENID_SCOPE in scopes and not has_users):
        raise InvalidClientScopesError
    return replace(
        content,
        name=checked_name(content.name),
        grant_types=grant_types,
        scopes=scopes,
        resources=checked_resources(content.resources),
        redirect_uris=redirect_uris,
        post_logout_uris=checked_redirect_uris(content.post_logout_uris),
        backchannel_logout_uri=_checked_logout_uri(content.backchannel_logout_uri),
    )


def checked_content_of_built_in(content: ClientContent, before: ClientContent) -> ClientContent:
    """Return the normalized content of the built-in client. Only scopes and resources can change; ``account`` stays.

    Raises ``BuiltInClientError``, ``InvalidClientScopesError``, ``UnknownResourceError`` for too many resources.
    """
    if content != replace(before, scopes=content.scopes, resources=content.resources):
        raise BuiltInClientError
    scopes = checked_scopes((*content.scopes, ACCOUNT_SCOPE))
    if OPENID_SCOPE in scopes:
        raise InvalidClientScopesError
    return replace(content, scopes=scopes, resources=checked_resources(content.resources))


def require_same_kind(before: AuthMethod, after: AuthMethod) -> None:
    """Require that a client keeps its kind of credentials: none, a secret or a key.

    Raises ``InvalidAuthMethodError``.
    """
    kinds = {NO_SECRET: 0, PRIVATE_KEY: 1}
    if kinds.get(before) != kinds.get(after):
        raise InvalidAuthMethodError


def require_operator_for(before: ClientContent, after: ClientContent) -> None:
    """Refuse an administrator's change to the redirect URIs of a first-party client. Raises ``OperatorOnlyError``.

    Users of such a client are not asked for consent, so only the operator decides where its codes are sent.
    """
    if before.is_first_party and before.redirect_uris != after.redirect_uris:
        raise OperatorOnlyError


def checked_resource(content: ResourceContent) -> ResourceContent:
    """Return the normalized content of a resource.

    Raises ``InvalidResourceError``, ``InvalidResourceScopesError``.
    """
    if not is_resource_identifier(content.identifier):
        raise InvalidResourceError
    try:
        scopes = checked_scopes(content.scopes)
    except InvalidClientScopesError as error:
        raise InvalidResourceScopesError from error
    if {ACCOUNT_SCOPE, OPENID_SCOPE} & set(scopes):
        raise InvalidResourceScopesError
    return replace(content, scopes=scopes)


def checked_built_in(content: ResourceContent) -> ResourceContent:
    """Return the content of a built-in resource, which can only name the introspection client.

    Scopes and algorithm are those of the service's own tokens. Raises ``BuiltInResourceError``.
    """
    if content != ResourceContent(content.identifier, introspection_client_id=content.introspection_client_id):
        raise BuiltInResourceError
    if content.introspection_client_id is None:
        raise BuiltInResourceError
    return content


def is_resource_identifier(text: str) -> bool:
    """Return whether a text can identify a resource: an absolute URI without fragment (RFC 8707) and credentials."""
    return len(text) <= MAXIMUM_IDENTIFIER_LENGTH and _is_absolute_uri(text)


@lru_cache(KNOWN_IDENTIFIERS)
def _is_absolute_uri(text: str) -> bool:
    """Return whether a text is an absolute URI. Cached, because most calls name one of a few resources."""
    if not _ABSOLUTE_URI.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    is_web = parts.scheme in {"http", "https"}
    return "@" not in parts.netloc and port != 0 and (bool(parts.hostname) or not is_web)


def checked_secret(secret: str) -> str:
    """Return a secret that the caller has chosen, if it is valid. Raises ``InvalidClientSecretError``."""
    if not _SECRET.fullmatch(secret):
        raise InvalidClientSecretError
    return secret


def is_built_in(client_id: str) -> bool:
    """Return whether this is the built-in client, which stands for the service's own login."""
    return client_id == FIRST_PARTY_CLIENT


def first_moment_after(now: datetime) -> datetime:
    """Return the next whole second.

    The ``iat`` of tokens that were issued before now is earlier, that of later ones is not.
    """
    return datetime.fromtimestamp(math.floor(now.timestamp()) + 1, tz=UTC)


def judge_authentication(
    stored: StoredClient | None, method: AuthMethod, secret_hash: bytes, now: datetime
) -> RefusedAuthentication | None:
    """Return why the client is refused; None if it is accepted. Each call compares the same number of hashes.

    ``secret_hash`` is that of an empty text if no secret was sent.
    """
    hashes = () if stored is None else stored.secret_hashes
    compared = (*hashes, *[_NO_HASH] * SECRETS_OF_A_CLIENT)[:SECRETS_OF_A_CLIENT]
    matches = [hmac.compare_digest(secret_hash, each) for each in compared]
    if stored is None:
        return "unknown_client"
    client = stored.client
    if client.auth_method != method:
        return "wrong_method"
    has_secret = client.auth_method not in {NO_SECRET, PRIVATE_KEY}
    refusal = _judge_secret(stored.secret_expirations, matches, now) if has_secret else None
    return refusal or ("disabled_client" if not client.is_enabled or now < client.not_before else None)


def _judge_secret(
    expirations: Sequence[datetime | None], matches: Sequence[bool], now: datetime
) -> RefusedAuthentication | None:
    matching = [expires_at for expires_at, matches_it in zip(expirations, matches, strict=False) if matches_it]
    if not matching:
        return "wrong_secret"
    return None if any(expires_at is None or now < expires_at for expires_at in matching) else "expired_secret"


def checked_name(name: str) -> str:
    """Return the normalized name, which is printable. Raises ``InvalidClientNameError``."""
    try:
        composed = normalize(name.strip(), "NFC", longest=4 * MAXIMUM_NAME_LENGTH)
    except UnsafeTextError as error:
        raise InvalidClientNameError from error
    if not 1 <= len(composed) <= MAXIMUM_NAME_LENGTH or not composed.isprintable():
        raise InvalidClientNameError
    return composed


def checked_scopes(scopes: Collection[str]) -> tuple[str, ...]:
    """Return the scopes sorted and without duplicates. Raises ``InvalidClientScopesError``."""
    distinct = tuple(sorted(set(scopes)))
    if len(distinct) > MAXIMUM_SCOPES or not all(_SCOPE.fullmatch(each) for each in distinct):
        raise InvalidClientScopesError
    if any(each.startswith(ADMINISTRATION) for each in distinct):
        raise InvalidClientScopesError
    return distinct


def _checked_logout_uri(uri: str | None) -> str | None:
    if not uri:
        return None
    try:
        checked_redirect_uris([uri])
    except InvalidRedirectUriError as error:
        raise InvalidLogoutUriError from error
    if origin_of(uri) is None:
        raise InvalidLogoutUriError
    return uri


def checked_resources(resources: Collection[str]) -> tuple[str, ...]:
    """Return the resources sorted and without duplicates. Raises ``UnknownResourceError`` for too many."""
    distinct = tuple(sorted(set(resources)))
    if len(distinct) > MAXIMUM_RESOURCES_OF_A_CLIENT:
        raise UnknownResourceError
    return distinct
