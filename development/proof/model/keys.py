"""SECRET_KEY of a copy of the service, and its rotation."""

import secrets
from dataclasses import dataclass

from doorward.domain.auth.tokens.refresh_token import RefreshTokenCodec
from doorward.infrastructure.keys import REFRESH_TOKEN_PURPOSE, derive_key


@dataclass(frozen=True)
class Keys:
    """SECRET_KEY, and the previous one while it is still accepted."""

    secret: str
    previous: str | None = None

    def changed(self) -> "Keys":
        """Return the keys after a change of the secret."""
        return Keys(new_secret(), self.secret)

    def finished(self) -> "Keys":
        """Return the keys after the previous secret was dropped."""
        return Keys(self.secret)

    def codec(self) -> RefreshTokenCodec:
        """Return a codec that encodes refresh tokens like the service."""
        return RefreshTokenCodec(derive_key(self.secret.encode(), REFRESH_TOKEN_PURPOSE))

    def settings(self) -> dict[str, str]:
        """Return the keys as settings."""
        return {"secret_key": self.secret} | ({} if self.previous is None else {"secret_key_previous": self.previous})


def new_secret() -> str:
    """Return a strong SECRET_KEY."""
    return secrets.token_urlsafe(48)
