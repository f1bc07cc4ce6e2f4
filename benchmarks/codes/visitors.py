"""Users who are signed in in browsers, created by SQL, with the codes and cookies of their browsers."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from benchmarks.accounts import Accounts
from benchmarks.load import FORM, Redirects, SingleUseRequests, get, post
from benchmarks.peers.code_server import REDIRECT_URI, VERIFIER, authorization
from doorward.domain.auth.sessions.browser_session import PREFIX
from doorward.domain.auth.tokens.opaque_token import SECRET_BYTES, OpaqueToken, OpaqueTokenCodec
from doorward.domain.oauth.code_models import CODE_PREFIX
from doorward.domain.oauth.pkce import challenge_of
from doorward.infrastructure.keys import AUTHORIZATION_CODE_PURPOSE, BROWSER_SESSION_PURPOSE, derive_key

COOKIE: Final = "__Host-doorward_session"
LIFE: Final = timedelta(hours=1)
"""Lifetime of codes that are created in advance: codes of the service live for a minute."""


@dataclass(frozen=True)
class Visitors:
    """A database whose users each have one browser session, and the application that requests codes for them."""

    accounts: Accounts
    secret_key: str
    client_id: str
    browsers: Sequence[OpaqueToken]

    def codes(self, count: int) -> Sequence[str]:
        """Return that many new codes."""
        codec = self._codec(CODE_PREFIX, AUTHORIZATION_CODE_PURPOSE)
        return [codec.encode(code) for code in self._codes(count)]

    def bare_exchanges(self, count: int) -> SingleUseRequests:
        """Return that many codes as the limit expects them."""
        bodies = [f"{code.id}.{code.user_id}.{self.client_id}" for code in self._codes(count)]
        return SingleUseRequests([post("/", FORM, body) for body in bodies], '"id_token"')

    def authorizations(self, count: int) -> Redirects:
        """Return authorization requests of the application in that many browsers."""
        codec, path = (
            self._codec(PREFIX, BROWSER_SESSION_PURPOSE),
            f"/oauth/authorize?{urlencode(authorization(self.client_id))}",
        )
        cookies = [f"{COOKIE}={codec.encode(browser)}" for browser in self.browsers[:count]]
        return Redirects([get(path, cookie=cookie) for cookie in cookies], f"{REDIRECT_URI}?code=")

    def _codes(self, count: int) -> Sequence[OpaqueToken]:
        """Store codes of all browsers in turns; return them."""
        now, challenge = datetime.now(UTC), challenge_of(VERIFIER)
        browsers = [self.browsers[number % len(self.browsers)] for number in range(count)]
        codes = [OpaqueToken.new(browser.user_id) for browser in browsers]
        with self.accounts.connection.cursor() as cursor, cursor.copy(_COPY_CODES) as copy:
            for code, browser in zip(codes, browsers, strict=True):
                copy.write_row(
                    (
                        *(code.id, code.secret_hash, self.client_id, code.user_id, browser.id, 0, REDIRECT_URI),
                        *(["openid"], challenge, ["pwd"], 1, now, now + LIFE, now + LIFE),
                    )
                )
        return codes

    def _codec(self, prefix: str, purpose: bytes) -> OpaqueTokenCodec:
        return OpaqueTokenCodec(prefix, derive_key(self.secret_key.encode(), purpose))


def sign_in(accounts: Accounts, secret_key: str, client_id: str) -> Visitors:
    """Store a browser session for each user."""
    cursor = accounts.connection.execute("SELECT id FROM users ORDER BY id")
    browsers = [OpaqueToken(row[0], uuid4(), secrets.token_bytes(SECRET_BYTES)) for row in cursor.fetchall()]
    now = datetime.now(UTC)
    with accounts.connection.cursor() as writer, writer.copy(_COPY_BROWSERS) as copy:
        for browser in browsers:
            copy.write_row(_row_of(browser.id, browser, now))
    accounts.connection.execute("VACUUM ANALYZE")
    return Visitors(accounts, secret_key, client_id, browsers)


def _row_of(session_id: UUID, browser: OpaqueToken, now: datetime) -> Sequence[object]:
    limits = (now, now, now + timedelta(days=30), now + timedelta(days=90))
    return (session_id, browser.user_id, 0, browser.secret_hash, ["pwd"], 1, now, True, *limits)


_COPY_BROWSERS: Final = """
    COPY browser_sessions (
        id, user_id, epoch, secret_hash, amr, acr, authenticated_at, is_kept, created_at, seen_at, expires_at, ends_at
    ) FROM STDIN
"""
_COPY_CODES: Final = """
    COPY oauth_codes (
        id, secret_hash, client_id, user_id, browser_session_id, epoch, redirect_uri, scopes, code_challenge, amr, acr,
        authenticated_at, session_ends_at, expires_at
    ) FROM STDIN
"""
