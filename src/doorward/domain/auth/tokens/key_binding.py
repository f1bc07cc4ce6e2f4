"""The key that tokens are bound to (RFC 9449). No I/O."""

from doorward.core.frozen import frozen


@frozen
class KeyBinding:
    """The SHA-256 thumbprint of the key (RFC 7638) that a client has shown, and which tokens are bound to it.

    Access tokens always are. Refresh tokens are where nothing else shows that the client is the same (section 5).
    """

    thumbprint: str
    includes_refresh_tokens: bool

    @property
    def of_refresh_tokens(self) -> str | None:
        """The thumbprint that refresh tokens carry."""
        return self.thumbprint if self.includes_refresh_tokens else None
