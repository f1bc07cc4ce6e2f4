"""Settings of limits: rate limits, and limits of concurrent requests and of storage."""

import ipaddress
from typing import Annotated, Final

from pydantic import Field, SecretStr, field_validator

from doorward.settings.topic import Topic, split_list

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
RateLimit = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}/(second|minute|hour|day)$")]

SECONDS_OF_PERIOD: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
"""The names of periods in ``RateLimit``, with their seconds."""

RATE_LIMIT_STORES: Final = ("memory://", "redis://", "rediss://")


class LimitSettings(Topic):
    """Rate limits, and limits of concurrent requests and storage, so that no client slows down the others."""

    rate_limit_enabled: bool = Field(default=True, examples=["true"])
    """Whether the rate limits below are enforced."""

    rate_limit_register: RateLimit = Field("5/minute", examples=["5/minute"])
    """Registrations per client address."""

    rate_limit_confirm_registration: RateLimit = Field("10/minute", examples=["10/minute"])
    """Confirmations of registrations per client address."""

    rate_limit_resend_registration: RateLimit = Field("3/minute", examples=["3/minute"])
    """Requests for another registration mail per client address."""

    rate_limit_accept_invitation: RateLimit = Field("10/minute", examples=["10/minute"])
    """Attempts to accept an invitation per client address."""

    rate_limit_token: RateLimit = Field("10/minute", examples=["10/minute"])
    """Logins per client address."""

    rate_limit_refresh: RateLimit = Field("20/minute", examples=["20/minute"])
    """Refreshes per client address."""

    rate_limit_forgot: RateLimit = Field("5/minute", examples=["5/minute"])
    """Requests for a password reset per client address."""

    rate_limit_reset: RateLimit = Field("10/minute", examples=["10/minute"])
    """Password resets per client address."""

    rate_limit_verify: RateLimit = Field("10/minute", examples=["10/minute"])
    """Verifications of e-mail addresses per client address."""

    rate_limit_verification_mail: RateLimit = Field("3/minute", examples=["3/minute"])
    """Requests for another verification mail per client address."""

    rate_limit_email_change: RateLimit = Field("3/minute", examples=["3/minute"])
    """Requests to change an e-mail address, and cancellations of such requests, per client address, together."""

    rate_limit_email_confirmation: RateLimit = Field("10/minute", examples=["10/minute"])
    """Confirmations of a new e-mail address per client address."""

    rate_limit_import: RateLimit = Field("30/hour", examples=["30/hour"])
    """Imports of items, and of users, per user."""

    rate_limit_account: RateLimit = Field("5/minute", examples=["5/minute"])
    """Changes of a user name per client address."""

    rate_limit_password: RateLimit = Field("10/minute", examples=["10/minute"])
    """Changes of a password per client address."""

    rate_limit_reauthenticate: RateLimit = Field("10/minute", examples=["10/minute"])
    """Reauthentications of live sessions, by password or code, per client address."""

    rate_limit_second_factor: RateLimit = Field("10/minute", examples=["10/minute"])
    """Logins completed by a second factor per client address."""

    rate_limit_factors: RateLimit = Field("10/minute", examples=["10/minute"])
    """Calls that list, set up or remove second factors or linked identities, per client address, together."""

    rate_limit_sessions: RateLimit = Field("20/minute", examples=["20/minute"])
    """Calls that list or end a user's sessions or consents to applications, and sign-outs on the pages, per client
    address, together."""

    rate_limit_passkey_login: RateLimit = Field("40/minute", examples=["40/minute"])
    """Calls to sign in with passkeys per client address: each login needs two, each display of a sign-in page one."""

    rate_limit_passkeys: RateLimit = Field("20/minute", examples=["20/minute"])
    """Calls that list or change a user's passkeys, per client address, together."""

    rate_limit_deletion: RateLimit = Field("3/minute", examples=["3/minute"])
    """Requests to delete an account per client address."""

    rate_limit_restore: RateLimit = Field("10/minute", examples=["10/minute"])
    """Attempts to restore an account before its deletion, per client address."""

    rate_limit_export: RateLimit = Field("3/hour", examples=["3/hour"])
    """Exports of an account's data per client address."""

    rate_limit_webhooks: RateLimit = Field("10/minute", examples=["10/minute"])
    """Test messages and replays of webhooks per client address, together."""

    rate_limit_oauth_token: RateLimit = Field("300/minute", examples=["300/minute"])
    """Calls of `/oauth/token` per client address, and per OAuth client with a secret."""

    rate_limit_oauth_revoke: RateLimit = Field("300/minute", examples=["300/minute"])
    """Calls of `/oauth/revoke` per client address, and per OAuth client with a secret."""

    rate_limit_introspect: RateLimit = Field("60000/minute", examples=["60000/minute"])
    """Calls of `/oauth/introspect` per client address, and per OAuth client. The limit is high because a service may
    make one for each request that it answers."""

    rate_limit_authorize: RateLimit = Field("60/minute", examples=["60/minute"])
    """Calls of `/oauth/authorize`, `/oauth/logout` and the pages, except for forms that have a limit of their own, per
    client address, together."""

    rate_limit_userinfo: RateLimit = Field("300/minute", examples=["300/minute"])
    """Calls of `/oauth/userinfo` per client address."""

    rate_limit_pushed_request: RateLimit = Field("60/minute", examples=["60/minute"])
    """Calls of `/oauth/par` per client address, and per OAuth client with a secret."""

    rate_limit_device_authorization: RateLimit = Field("30/minute", examples=["30/minute"])
    """Calls of `/oauth/device_authorization` per client address, and per OAuth client with a secret."""

    rate_limit_user_code: RateLimit = Field("20/hour", examples=["20/hour"])
    """Device codes entered per user."""

    rate_limit_client_registration: RateLimit = Field("20/minute", examples=["20/minute"])
    """Calls of `/oauth/register` per client address."""

    rate_limit_ipv6_site_factor: int = Field(16, ge=1, le=65_536, examples=["16"])
    """The limit of an IPv6 /48 network, as a multiple of the limit of one client address (an IPv6 /64)."""

    rate_limit_storage_uri: SecretStr = Field(SecretStr("memory://"), examples=["redis://cache.internal:6379/0"])
    """Where calls are counted. With `memory://`, each worker counts separately; with `redis://` (extra
    `doorward[redis]`), all workers count together."""

    rate_limit_storage_timeout_ms: int = Field(100, ge=10, le=5000, examples=["100"])
    """Timeout of a call to `redis://`, in milliseconds."""

    trusted_proxies: Annotated[tuple[Network, ...], split_list] = Field((), examples=["10.0.0.0/8,192.168.1.5"])
    """Networks of proxies whose `X-Forwarded-For` header is trusted, separated by commas. Empty: none."""

    calls_per_address: int = Field(512, ge=1, le=100_000, examples=["512"])
    """Maximum concurrent calls per client address in each worker, without health checks; further calls get 429."""

    calls_per_user: int = Field(50, ge=1, le=100_000, examples=["50"])
    """Maximum concurrent calls per signed-in user in each worker; further calls get 429."""

    quota_per_owner: int = Field(100_000, ge=1, le=1_000_000, examples=["100000"])
    """Maximum number of resources of each kind (items) that one user may own; further ones get 403. Counted whenever
    one is added."""

    upload_idle_seconds: int = Field(10, ge=1, le=60, examples=["10"])
    """For how many seconds an upload may be slower than 16 KiB per second before it gets 408."""

    @field_validator("rate_limit_storage_uri")
    @classmethod
    def _known_store(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(RATE_LIMIT_STORES):
            raise ValueError(f"must begin with one of {', '.join(RATE_LIMIT_STORES)}")
        return value
