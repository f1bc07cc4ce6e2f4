"""Settings of budgets: what one user or one address may use at a time, so that the others are served, too."""

from typing import Annotated

from pydantic import Field

from doorward.settings.telemetry import TelemetrySettings

RateLimit = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}/(second|minute|hour|day)$")]


class BudgetSettings(TelemetrySettings):
    """Bounds that ordinary use does not meet. A call above one is refused with a code that names the bound."""

    calls_per_address: int = Field(
        512,
        ge=1,
        le=100_000,
        description="Calls of one client address that each worker answers at a time (health calls aside); 429 above.",
        examples=["512"],
    )
    calls_per_user: int = Field(
        50,
        ge=1,
        le=100_000,
        description="Calls of one signed-in user that each worker answers at a time; 429 above.",
        examples=["50"],
    )
    db_pool_share_percent: int = Field(
        60,
        ge=10,
        le=90,
        description="How much of `DB_POOL_MAX_CONN` the calls to resources (items) and imports may use together, in "
        "percent. The rest is for accounts and sessions. One user gets half of what imports leave of it.",
        examples=["60"],
    )
    password_hashes_per_address: int = Field(
        50,
        ge=1,
        le=10_000,
        description="Logins and registrations of one client address that may wait for a processor at a time, in each "
        "worker; 429 above.",
        examples=["50"],
    )
    rate_limit_import: RateLimit = Field("30/hour", description="Imports of one user.", examples=["30/hour"])
    rate_limit_ipv6_site_factor: int = Field(
        16,
        ge=1,
        le=65_536,
        description="How many times the limit of one address (an IPv6 /64) all of a /48 may reach together.",
        examples=["16"],
    )
    quota_per_owner: int = Field(
        100_000,
        ge=1,
        le=1_000_000,
        description="Entries of each kind (items) that one user may own; 403 above. Counted whenever one is added.",
        examples=["100000"],
    )
    upload_idle_seconds: int = Field(
        10,
        ge=1,
        le=60,
        description="For how many seconds an upload may bring less than 16 KiB a second; 408 above.",
        examples=["10"],
    )
