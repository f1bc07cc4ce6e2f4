"""Settings of access tokens, refresh tokens and sessions."""

from typing import Literal

from pydantic import Field

from doorward.settings.topic import Topic


class TokenSettings(Topic):
    """What access tokens say, and how long tokens and sessions live."""

    algorithm: Literal["HS256", "HS384", "HS512"] = Field("HS256", examples=["HS256"])
    """Signature of the access tokens."""

    jwt_issuer: str = Field("doorward", min_length=1, examples=["https://auth.example.com"])
    """`iss` of the access tokens."""

    jwt_audience: str = Field("doorward", min_length=1, examples=["https://api.example.com"])
    """`aud` of the access tokens."""

    access_token_expire_minutes: int = Field(30, ge=1, le=1440, examples=["30"])
    """Life of an access token, in minutes."""

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
