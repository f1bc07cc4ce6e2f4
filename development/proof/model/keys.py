"""The secret of a copy of the service, and its changes."""

import secrets
from dataclasses import dataclass

from doorward.domain.auth.tokens.refresh_token import RefreshTokenCodec
from doorward.infrastructure.keys import REFRESH_TOKEN_PURPOSE, derive_key


@dataclass(frozen=True)
class Keys:
    """SECRET_KEY, and the one before it while that is still read."""

    secret: str
    previous: str | None = None

    def changed(self) -> "Keys":
        """Return what is set after a change of the secret."""
        return Keys(new_secret(), self.secret)

    def finished(self) -> "Keys":
        """Return what is set when the old secret is dropped."""
        return Keys(self.secret)

    def codec(self) -> RefreshTokenCodec:
        """Return what writes refresh tokens as the service does."""
        return RefreshTokenCodec(derive_key(self.secret.encode(), REFRESH_TOKEN_PURPOSE))

    def settings(self) -> dict[str, str]:
        """Return the settings that say so."""
        return {"secret_key": self.secret} | ({} if self.previous is None else {"secret_key_previous": self.previous})


def new_secret() -> str:
    """Return a strong SECRET_KEY."""
    return secrets.token_urlsafe(48)
