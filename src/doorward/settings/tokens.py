"""Settings of access tokens, refresh tokens and sessions."""

from typing import Final, Literal

from pydantic import Field

from doorward.settings.topic import Topic

DEFAULT_ISSUER: Final = "doorward"


class TokenSettings(Topic):
    """The claims and the signature of access tokens, and the lifetimes of tokens and sessions."""

    algorithm: Literal["HS256", "HS384", "HS512", "ES256", "RS256"] = Field("HS256", examples=["ES256"])
    """Signature algorithm of the access tokens of users. With `HS256`, `HS384` and `HS512` only this service can verify
    them. With `ES256` and `RS256`, which need `PUBLIC_URL`, other services can verify them, too. After a change, issued
    tokens stay valid until they expire, unless `JWT_ISSUER` changes, too."""

    jwt_issuer: str | None = Field(None, min_length=1, examples=["https://auth.example.com"])
    """`iss` of the access tokens of users. Unset: `doorward`, or `PUBLIC_URL` with `ES256` and `RS256`, which accept no
    other value. After a change, tokens that were signed with `HS256`, `HS384` or `HS512` get 401, and clients refresh
    them."""

    jwt_audience: str = Field("doorward", min_length=1, examples=["https://api.example.com"])
    """`aud` of the access tokens."""

    access_token_expire_minutes: int = Field(30, ge=1, le=1440, examples=["30"])
    """Lifetime of an access token, in minutes."""

    client_token_expire_minutes: int = Field(10, ge=1, le=60, examples=["5"])
    """Lifetime, in minutes, of an access token that a client gets for itself, or that is for another service. For this
    long, other services may still accept a disabled client, or a user whose session has ended."""

    refresh_token_expire_days: int = Field(7, ge=1, le=365, examples=["7"])
    """A session ends if it is not refreshed for this many days."""

    session_max_days: int = Field(90, ge=1, le=3650, examples=["90"])
    """A session ends this many days after the login, however often it is refreshed."""

    sessions_per_user: int = Field(250, ge=1, le=250, examples=["20"])
    """Maximum number of live sessions per user. A login above it ends the least recently used session."""

    client_addresses: Literal["full", "network", "none"] = Field("full", examples=["network"])
    """How much of a client's address is recorded with its session and in the audit log. `full`: all of it (of IPv6, the
    /64). `network`: only the network (IPv4 /24, IPv6 /48). `none`: nothing."""

    refresh_token_reuse_leeway_seconds: int = Field(0, ge=0, le=60, examples=["10"])
    """For this many seconds after a rotation, the replaced refresh token still returns the same new token. 0 is strict:
    a second use ends the session."""

    @property
    def is_asymmetric(self) -> bool:
        """Whether other services can verify the access tokens of users."""
        return not self.algorithm.startswith("HS")
