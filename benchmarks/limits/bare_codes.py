"""L1 of code exchanges: their statements, their commit and both signatures, on the bare ASGI application.

It looks up the client, locks the user, removes the code, stores the session and its entry in the audit log, and signs
an access token (ES256) and an ID token (RS256). It compares no secret, counts no rate limit and writes no log.
"""

import os
import secrets
import time
from typing import Any, Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from benchmarks.limits.bare_asgi import BareApplication, Receive, Scope, Send, answer
from benchmarks.statements import ADD_AUDIT_EVENT, ADD_SESSION, CONSUME_CODE, FIND_CLIENT, LOCK_USER

LIFETIME_SECONDS: Final = 600
RSA_EXPONENT: Final = 65537
RSA_BITS: Final = 3072
ISSUER: Final = "https://auth.example.com"


class BareCodes(BareApplication):
    """POST of ``CODE.USER.CLIENT`` answers the tokens."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._rsa_key = rsa.generate_private_key(RSA_EXPONENT, RSA_BITS)
        self._kid = secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or handle the lifespan."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await super().__call__(scope, receive, send)
            return
        message = await receive()
        code_id, user_id, client_id = message["body"].decode().split(".")
        await self._row(FIND_CLIENT, {"client_id": client_id})
        parameters = {"id": UUID(code_id), "user_id": UUID(user_id), "client_id": client_id}
        async with self._pool.connection() as connection, connection.transaction():
            for statement in (LOCK_USER, CONSUME_CODE, ADD_SESSION, ADD_AUDIT_EVENT):
                cursor = await connection.execute(statement.encode(), parameters)
                if cursor.rowcount != 1:
                    raise LookupError(statement)
        await answer(send, self._tokens(code_id, user_id, client_id))

    def _tokens(self, session_id: str, user_id: str, client_id: str) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": user_id,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "auth_time": now,
            "acr": "1",
            "amr": ["pwd"],
            "sid": session_id,
        }
        access = {**claims, "aud": ISSUER, "client_id": client_id, "scope": "openid", "jti": secrets.token_urlsafe(16)}
        headers = {"kid": self._kid}
        return {
            "access_token": jwt.encode(access, self._key, "ES256", {**headers, "typ": "at+jwt"}),
            "id_token": jwt.encode({**claims, "aud": client_id}, self._rsa_key, "RS256", headers),
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "refresh_token": secrets.token_urlsafe(64),
            "scope": "openid",
        }


def create() -> BareCodes:
    """Return the application on the database of DATABASE_URL."""
    return BareCodes(os.environ["DATABASE_URL"])
