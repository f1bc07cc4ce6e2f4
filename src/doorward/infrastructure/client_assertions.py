"""Verifies client assertions (RFC 7523) with the clients' public keys, which may be published at a ``jwks_uri``.

PyJWT verifies the signatures, this module the claims. The ``alg`` of an assertion must be that of the client's key.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import jwt

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.oauth.models import ClientKeySource, VerifiedAssertion
from doorward.infrastructure.outbound import Document, DocumentUnavailableError
from doorward.infrastructure.token_reading import compact_parts, members_of
from doorward_client.numeric_dates import is_numeric_date
from doorward_client.public_keys import PublicKey, read_public_key

LONGEST_LIFE: Final = timedelta(minutes=5)
LEEWAY: Final = timedelta(seconds=30)
"""Tolerated difference between the clock of a client and this one."""

CACHE_LIFETIME: Final = timedelta(minutes=5)
MINIMUM_REFETCH_INTERVAL: Final = timedelta(seconds=30)
"""Minimum interval between fetches because of an unknown key: the client may have rotated its keys."""

RETRY_AFTER: Final = timedelta(seconds=5)
MAXIMUM_STALE_AGE: Final = timedelta(hours=24)
"""How long keys stay in use while their address does not answer."""

CACHE_SIZE: Final = 256
MAXIMUM_JTI_LENGTH: Final = 255
_CLAIMS: Final = ("iss", "sub", "aud", "exp", "jti")


class PublicKeyFetcher(Protocol):
    """Fetches documents of other services, from public addresses only."""

    async def fetch(self, url: str) -> Document:
        """Return the document at a URL. Raises ``DocumentUnavailableError``."""
        ...


@frozen
class _Fetched:
    keys: Sequence[PublicKey]
    """Empty if no fetch from the address has succeeded."""
    asked_at: datetime
    confirmed_at: datetime


class SignedAssertions:
    """Assertions for one issuer, whose identifier must be their only audience, as a string (section 3)."""

    def __init__(self, issuer: str, fetcher: PublicKeyFetcher) -> None:
        self._issuer = issuer
        self._fetcher = fetcher
        self._fetched: dict[str, _Fetched] = {}
        self._under_way: dict[str, asyncio.Task[Sequence[PublicKey] | None]] = {}

    def client_of(self, text: str) -> str | None:
        """Return the client that an assertion names, unverified; None if the text is no assertion."""
        try:
            subject = members_of(compact_parts(text)[1]).get("sub")
        except InvalidAccessTokenError:
            return None
        return subject if isinstance(subject, str) else None

    def has_usable_key(self, jwks: str) -> bool:
        """Return whether a JWK set has usable keys only, and at least one."""
        try:
            listed = _listed(jwks)
        except ValueError:
            return False
        return bool(listed) and all(read_public_key(each) is not None for each in listed)

    async def verify(
        self, text: str, client_id: str, source: ClientKeySource, now: datetime
    ) -> VerifiedAssertion | None:
        """Return the content of a genuine assertion of the client; None for any other.

        Raises ``ServiceUnavailableError`` while the client's keys are unavailable.
        """
        try:
            header = members_of(compact_parts(text)[0])
        except InvalidAccessTokenError:
            return None
        if "crit" in header:
            return None
        key = _find(await self._keys_of(source, now), header)
        if key is None and source.jwks_uri is not None:
            key = _find(await self._keys_after_unknown(source.jwks_uri, now), header)
        return None if key is None else _verified(text, key, self._issuer, client_id, now)

    async def _keys_of(self, source: ClientKeySource, now: datetime) -> Sequence[PublicKey]:
        if source.jwks_uri is None:
            return _keys_in(source.jwks or "")
        fetched = self._fetched.get(source.jwks_uri)
        if fetched is None or now - fetched.asked_at >= (CACHE_LIFETIME if fetched.keys else RETRY_AFTER):
            fetched = await self._fetch(source.jwks_uri, now)
        if not fetched.keys or now - fetched.confirmed_at >= MAXIMUM_STALE_AGE:
            raise ServiceUnavailableError(RETRY_AFTER.seconds)
        return fetched.keys

    async def _keys_after_unknown(self, uri: str, now: datetime) -> Sequence[PublicKey]:
        fetched = self._fetched[uri]
        return fetched.keys if now - fetched.asked_at < MINIMUM_REFETCH_INTERVAL else (await self._fetch(uri, now)).keys

    async def _fetch(self, uri: str, now: datetime) -> _Fetched:
        """Fetch the keys at an address once for all concurrent calls. Earlier keys stay in use while it is down."""
        task = self._under_way.get(uri)
        if task is None:
            task = asyncio.create_task(self._asked(uri))
            self._under_way[uri] = task
            task.add_done_callback(lambda _: self._under_way.pop(uri, None))
        keys = await asyncio.shield(task)
        known = self._fetched.pop(uri, None) or _Fetched((), now, now)
        fetched = _Fetched(known.keys, now, known.confirmed_at) if keys is None else _Fetched(keys, now, now)
        self._fetched[uri] = fetched
        if len(self._fetched) > CACHE_SIZE:
            self._fetched.pop(next(iter(self._fetched)))
        return fetched

    async def _asked(self, uri: str) -> Sequence[PublicKey] | None:
        try:
            document = await self._fetcher.fetch(uri)
            return _keys_in(document.body.decode()) or None
        except (DocumentUnavailableError, ValueError):
            return None


def _verified(text: str, key: PublicKey, issuer: str, client_id: str, now: datetime) -> VerifiedAssertion | None:
    try:
        claims = jwt.decode(
            text,
            key.key,
            algorithms=[key.algorithm],
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "require": list(_CLAIMS),
            },
        )
    except jwt.PyJWTError:
        return None
    jti, expires_at = claims["jti"], claims["exp"]
    named = claims["iss"] == client_id and claims["sub"] == client_id and claims["aud"] == issuer
    if not named or not isinstance(jti, str) or not 1 <= len(jti) <= MAXIMUM_JTI_LENGTH or not jti.isprintable():
        return None
    times = [claims.get(name, now.timestamp()) for name in ("iat", "nbf")]
    if not all(map(is_numeric_date, (expires_at, *times))):
        return None
    earliest, leeway, present = max(times), LEEWAY.total_seconds(), now.timestamp()
    is_live = present < expires_at + leeway and expires_at <= present + LONGEST_LIFE.total_seconds() + leeway
    if not is_live or earliest > present + leeway:
        return None
    return VerifiedAssertion(jti, datetime.fromtimestamp(expires_at, UTC) + LEEWAY)


def _find(keys: Sequence[PublicKey], header: Mapping[str, Any]) -> PublicKey | None:
    """Return the key of an assertion. Without ``kid`` it must be the only one of its algorithm."""
    fitting = [each for each in keys if each.algorithm == header.get("alg")]
    if header.get("kid") is not None:
        fitting = [each for each in fitting if each.key_id == header["kid"]]
    return fitting[0] if len(fitting) == 1 else None


def _keys_in(jwks: str) -> Sequence[PublicKey]:
    """Return the usable keys of a JWK set. Raises ``ValueError`` for a malformed one."""
    return [key for each in _listed(jwks) if (key := read_public_key(each)) is not None]


def _listed(jwks: str) -> Sequence[Any]:
    try:
        document = json.loads(jwks)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no set of keys")  # noqa: TRY004 - callers catch one class
    return listed
