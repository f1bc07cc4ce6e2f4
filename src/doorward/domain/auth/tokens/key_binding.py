"""The key that tokens are bound to (RFC 9449). No I/O."""

from doorward.core.frozen import frozen


@frozen
class KeyBinding:
    """The SHA-256 thumbprint (RFC 7638) of the key that a client has proven, and which tokens are bound to it.

    Access tokens always are. Refresh tokens are only if nothing else authenticates the client (section 5).
    """

    thumbprint: str
    includes_refresh_tokens: bool

    @property
    def of_refresh_tokens(self) -> str | None:
        """Return the thumbprint for refresh tokens; None if they are not bound."""
        return self.thumbprint if self.includes_refresh_tokens else None
