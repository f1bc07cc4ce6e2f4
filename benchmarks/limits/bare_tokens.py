"""L1 of tokens for clients: one statement and one signature (ES256) per request, on the bare ASGI application.

It looks up the client, and signs the claims of a token. It compares no secret, counts no rate limit and writes no log.
"""

import base64
import json
import os
import secrets
import time
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.limits.bare_asgi import BareApplication, Receive, Scope, Send, answer
from benchmarks.statements import FIND_CLIENT

LIFETIME_SECONDS: Final = 600
HALF_BYTES: Final = 32
SHA_256: Final = ec.ECDSA(SHA256())


class BareTokens(BareApplication):
    """A POST with a client's Basic header answers a token."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._head = _encoded({"alg": "ES256", "typ": "at+jwt", "kid": secrets.token_urlsafe(32)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or handle the lifespan."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await super().__call__(scope, receive, send)
            return
        await receive()
        credentials = dict(scope["headers"])[b"authorization"].removeprefix(b"Basic ")
        client_id = base64.b64decode(credentials).decode().partition(":")[0]
        row = await self._row(FIND_CLIENT, {"client_id": client_id})
        token = self._token(client_id, " ".join(row[3]))
        await answer(
            send,
            {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "scope": " ".join(row[3])},
        )

    def _token(self, client_id: str, scope: str) -> str:
        now = int(time.time())
        claims = {
            "iss": "https://auth.example.com",
            "aud": "https://auth.example.com",
            "sub": client_id,
            "client_id": client_id,
            "scope": scope,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        signed = self._head + b"." + _encoded(claims)
        r, s = decode_dss_signature(self._key.sign(signed, SHA_256))
        signature = r.to_bytes(HALF_BYTES, "big") + s.to_bytes(HALF_BYTES, "big")
        return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def _encoded(content: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).rstrip(b"=")


def create() -> BareTokens:
    """Return the application on the database of DATABASE_URL."""
    return BareTokens(os.environ["DATABASE_URL"])
