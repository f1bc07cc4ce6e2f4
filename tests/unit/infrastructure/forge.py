"""Create valid and invalid JWTs without the code under test."""

import base64
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from doorward.core.principal import Principal, SignIn
from doorward.infrastructure.access_tokens import AccessTokens
from doorward.infrastructure.key_ring import REMEMBERED_TOKENS

KEY = secrets.token_bytes(64)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
USER = UUID("11111111-1111-4111-8111-111111111111")
SESSION = UUID("22222222-2222-4222-8222-222222222222")
PRINCIPAL = Principal(user_id=USER, session_id=SESSION, client_id="doorward", scopes=frozenset({"account"}))
PASSWORD_SIGN_IN = SignIn(NOW - timedelta(minutes=5, milliseconds=1), acr=1, amr=("pwd",))
SIGN_IN = SignIn(NOW - timedelta(minutes=5, milliseconds=1), acr=2, amr=("pwd", "otp"))
HEADER: dict[str, Any] = {"alg": "HS256", "typ": "at+jwt"}
CLAIMS: dict[str, Any] = {
    "iss": "https://auth.example.com",
    "sub": str(USER),
    "aud": "https://api.example.com",
    "exp": int(NOW.timestamp()) + 1800,
    "iat": int(NOW.timestamp()),
    "jti": "0123456789abcdef",
    "sid": str(SESSION),
    "client_id": "doorward",
    "scope": "account",
}
MISSING = object()


def access_tokens(
    algorithm: str = "HS256",
    *,
    key: bytes = KEY,
    previous_key: bytes | None = None,
    remembered_tokens: int = REMEMBERED_TOKENS,
) -> AccessTokens:
    return AccessTokens(
        key=key,
        previous_key=previous_key,
        algorithm=algorithm,
        issuer="https://auth.example.com",
        audience="https://api.example.com",
        lifetime=timedelta(minutes=30),
        remembered_tokens=remembered_tokens,
    )


def encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def decode(part: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return content


def sealed(header: bytes, payload: bytes, *, key: bytes = KEY, digest: str = "sha256") -> str:
    """Return a token of these bytes with a valid HMAC, regardless of their content."""
    content = f"{encode(header)}.{encode(payload)}"
    return f"{content}.{encode(hmac.new(key, content.encode(), digest).digest())}"


def with_header(**members: object) -> str:
    """Return a token that is valid except for these members of its header."""
    return sealed(_json(HEADER, members), json.dumps(CLAIMS).encode())


def with_claims(**claims: object) -> str:
    """Return a token that is valid except for these claims."""
    return sealed(json.dumps(HEADER).encode(), _json(CLAIMS, claims))


def _json(right: dict[str, Any], wrong: dict[str, object]) -> bytes:
    merged = {name: value for name, value in {**right, **wrong}.items() if value is not MISSING}
    return json.dumps(merged).encode()
