"""Settings of access tokens, refresh tokens and sessions."""

from typing import Literal

from pydantic import Field

from doorward.settings.topic import Topic


class TokenSettings(Topic):
    """What access tokens say, and how long tokens and sessions live."""

    algorithm: Literal["HS256", "HS384", "HS512"] = Field(
        "HS256", description="Signature of the access tokens.", examples=["HS256"]
    )
    jwt_issuer: str = Field(
        "doorward", min_length=1, description="`iss` of the access tokens.", examples=["https://auth.example.com"]
    )
    jwt_audience: str = Field(
        "doorward", min_length=1, description="`aud` of the access tokens.", examples=["https://api.example.com"]
    )
    access_token_expire_minutes: int = Field(
        30, ge=1, le=1440, description="Life of an access token, in minutes.", examples=["30"]
    )
    refresh_token_expire_days: int = Field(
        7, ge=1, le=365, description="A session ends when it was not refreshed for this many days.", examples=["7"]
    )
    session_max_days: int = Field(
        90,
        ge=1,
        le=3650,
        description="A session ends this many days after the login, however often it is refreshed.",
        examples=["90"],
    )
    client_addresses: Literal["full", "network", "none"] = Field(
        "full",
        description="How much of a client's address is recorded with its session and in the audit log: all (IPv6 as "
        "its /64), its `network` (IPv4 /24, IPv6 /48), or `none`.",
        examples=["network"],
    )
    refresh_token_reuse_leeway_seconds: int = Field(
        0,
        ge=0,
        le=60,
        description="For this many seconds after a rotation, the token just replaced yields the same successor again. "
        "0 is strict: a second use ends the session.",
        examples=["10"],
    )
