"""Settings of access tokens, refresh tokens and sessions."""

from typing import Final, Literal

from pydantic import Field

from doorward.settings.topic import Topic

DEFAULT_ISSUER: Final = "doorward"


class TokenSettings(Topic):
    """What access tokens say, and how long tokens and sessions live."""

    algorithm: Literal["HS256", "HS384", "HS512", "ES256", "RS256"] = Field("HS256", examples=["ES256"])
    """Signature of the access tokens of users. With `HS256`, `HS384` and `HS512` this service alone can verify them.
    With `ES256` and `RS256` other services can, too: they need `PUBLIC_URL`. After a change, tokens that are out stay
    valid until they expire."""

    jwt_issuer: str | None = Field(None, min_length=1, examples=["https://auth.example.com"])
    """`iss` of the access tokens of users. Unset: `doorward`, or with `ES256` and `RS256` the `PUBLIC_URL`, and then no
    other value is accepted."""

    jwt_audience: str = Field("doorward", min_length=1, examples=["https://api.example.com"])
    """`aud` of the access tokens."""

    access_token_expire_minutes: int = Field(30, ge=1, le=1440, examples=["30"])
    """Life of an access token, in minutes."""

    client_token_expire_minutes: int = Field(10, ge=1, le=60, examples=["5"])
    """Life of an access token that a client gets for itself, or that is for another service, in minutes: for so long
    other services may go on accepting a client that was disabled, or a user whose session has ended."""

    refresh_token_expire_days: int = Field(7, ge=1, le=365, examples=["7"])
    """A session ends when it was not refreshed for this many days."""

    session_max_days: int = Field(90, ge=1, le=3650, examples=["90"])
    """A session ends this many days after the login, however often it is refreshed."""

    sessions_per_user: int = Field(250, ge=1, le=250, examples=["20"])
    """Live sessions of one user. A login beyond it ends the session that was used longest ago."""

    client_addresses: Literal["full", "network", "none"] = Field("full", examples=["network"])
    """How much of a client's address is recorded with its session and in the audit log: all (IPv6 as its /64), its
    `network` (IPv4 /24, IPv6 /48), or `none`."""

    refresh_token_reuse_leeway_seconds: int = Field(0, ge=0, le=60, examples=["10"])
    """For this many seconds after a rotation, the token just replaced yields the same successor again. 0 is strict: a
    second use ends the session."""

    @property
    def is_asymmetric(self) -> bool:
        """Whether other services can verify the access tokens of users."""
        return not self.algorithm.startswith("HS")
