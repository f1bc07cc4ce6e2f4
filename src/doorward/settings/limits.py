"""Settings of limits: how often one client may call, and how much one user or one address may use at a time."""

import ipaddress
from typing import Annotated, Final

from pydantic import Field, SecretStr, field_validator

from doorward.settings.topic import Topic, split_list

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
RateLimit = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,6}/(second|minute|hour|day)$")]

RATE_LIMIT_STORES: Final = ("memory://", "redis://", "rediss://")


class LimitSettings(Topic):
    """How often clients may call, and how much one client may use at a time so that the others are served, too."""

    rate_limit_enabled: bool = Field(default=True, examples=["true"])
    """Whether the limits below are held."""

    rate_limit_register: RateLimit = Field("5/minute", examples=["5/minute"])
    """Registrations of one client address."""

    rate_limit_confirm_registration: RateLimit = Field("10/minute", examples=["10/minute"])
    """Completions of registrations by one client address."""

    rate_limit_resend_registration: RateLimit = Field("3/minute", examples=["3/minute"])
    """Requests for another mail of a registration by one client address."""

    rate_limit_accept_invitation: RateLimit = Field("10/minute", examples=["10/minute"])
    """Invitations that one client address may try to accept."""

    rate_limit_token: RateLimit = Field("10/minute", examples=["10/minute"])
    """Logins of one client address."""

    rate_limit_refresh: RateLimit = Field("20/minute", examples=["20/minute"])
    """Refreshes of one client address."""

    rate_limit_forgot: RateLimit = Field("5/minute", examples=["5/minute"])
    """Requests for a password reset of one client address."""

    rate_limit_reset: RateLimit = Field("10/minute", examples=["10/minute"])
    """Password resets of one client address."""

    rate_limit_verify: RateLimit = Field("10/minute", examples=["10/minute"])
    """Verifications of e-mail addresses of one client address."""

    rate_limit_verification_mail: RateLimit = Field("3/minute", examples=["3/minute"])
    """Requests for another verification mail of one client address."""

    rate_limit_email_change: RateLimit = Field("3/minute", examples=["3/minute"])
    """Requests for another e-mail address of one client address, and their withdrawals."""

    rate_limit_email_confirmation: RateLimit = Field("10/minute", examples=["10/minute"])
    """Confirmations of another e-mail address of one client address."""

    rate_limit_import: RateLimit = Field("30/hour", examples=["30/hour"])
    """Imports of one user."""

    rate_limit_account: RateLimit = Field("5/minute", examples=["5/minute"])
    """Changes of a user name from one client address."""

    rate_limit_password: RateLimit = Field("10/minute", examples=["10/minute"])
    """Changes of a password from one client address."""

    rate_limit_reauthenticate: RateLimit = Field("10/minute", examples=["10/minute"])
    """Passwords and codes that one client address may show again in sessions that it has."""

    rate_limit_second_factor: RateLimit = Field("10/minute", examples=["10/minute"])
    """Logins that one client address may complete by a second factor."""

    rate_limit_factors: RateLimit = Field("10/minute", examples=["10/minute"])
    """Calls of one client address that list, set up or remove second factors, all together."""

    rate_limit_sessions: RateLimit = Field("20/minute", examples=["20/minute"])
    """Calls of one client address that list or end a user's sessions, all together."""

    rate_limit_passkey_login: RateLimit = Field("40/minute", examples=["40/minute"])
    """Calls of one client address to sign in with passkeys: two for each login, one for a page that offers it."""

    rate_limit_passkeys: RateLimit = Field("20/minute", examples=["20/minute"])
    """Calls of one client address that list or change a user's passkeys, all together."""

    rate_limit_deletion: RateLimit = Field("3/minute", examples=["3/minute"])
    """Requests of one client address to delete an account."""

    rate_limit_restore: RateLimit = Field("10/minute", examples=["10/minute"])
    """Attempts of one client address to restore an account that waits for its deletion."""

    rate_limit_export: RateLimit = Field("3/hour", examples=["3/hour"])
    """Exports of an account's data for one client address."""

    rate_limit_webhooks: RateLimit = Field("10/minute", examples=["10/minute"])
    """Test messages and replays of webhooks that one client address may ask for, together."""

    rate_limit_oauth_token: RateLimit = Field("300/minute", examples=["300/minute"])
    """Calls of `/oauth/token` by one client address, and by one OAuth client with a secret."""

    rate_limit_oauth_revoke: RateLimit = Field("300/minute", examples=["300/minute"])
    """Calls of `/oauth/revoke` by one client address, and by one OAuth client with a secret."""

    rate_limit_introspect: RateLimit = Field("60000/minute", examples=["60000/minute"])
    """Calls of `/oauth/introspect` by one client address, and by one OAuth client: a service may make one for each
    request that it answers."""

    rate_limit_authorize: RateLimit = Field("60/minute", examples=["60/minute"])
    """Calls of `/oauth/authorize` and `/oauth/logout` and their pages by one client address, all together."""

    rate_limit_userinfo: RateLimit = Field("300/minute", examples=["300/minute"])
    """Calls of `/oauth/userinfo` by one client address."""

    rate_limit_pushed_request: RateLimit = Field("60/minute", examples=["60/minute"])
    """Calls of `/oauth/par` by one client address, and by one OAuth client with a secret."""

    rate_limit_device_authorization: RateLimit = Field("30/minute", examples=["30/minute"])
    """Calls of `/oauth/device_authorization` by one client address, and by one OAuth client with a secret."""

    rate_limit_user_code: RateLimit = Field("20/hour", examples=["20/hour"])
    """Codes of devices that one user may type in."""

    rate_limit_client_registration: RateLimit = Field("20/minute", examples=["20/minute"])
    """Calls of `/oauth/register` by one client address."""

    rate_limit_ipv6_site_factor: int = Field(16, ge=1, le=65_536, examples=["16"])
    """How many times the limit of one address (an IPv6 /64) all of a /48 may reach together."""

    rate_limit_storage_uri: SecretStr = Field(SecretStr("memory://"), examples=["redis://cache.internal:6379/0"])
    """Where the limits are counted. `memory://` counts in each worker by itself; `redis://` (extra `doorward[redis]`)
    for all together."""

    rate_limit_storage_timeout_ms: int = Field(100, ge=10, le=5000, examples=["100"])
    """Milliseconds that a call may wait for `redis://`."""

    trusted_proxies: Annotated[tuple[Network, ...], split_list] = Field((), examples=["10.0.0.0/8,192.168.1.5"])
    """Networks whose `X-Forwarded-For` is believed, separated by commas. Empty: none is."""

    calls_per_address: int = Field(512, ge=1, le=100_000, examples=["512"])
    """Calls of one client address that each worker answers at a time (health calls aside); 429 above."""

    calls_per_user: int = Field(50, ge=1, le=100_000, examples=["50"])
    """Calls of one signed-in user that each worker answers at a time; 429 above."""

    quota_per_owner: int = Field(100_000, ge=1, le=1_000_000, examples=["100000"])
    """Entries of each kind (items) that one user may own; 403 above. Counted whenever one is added."""

    upload_idle_seconds: int = Field(10, ge=1, le=60, examples=["10"])
    """For how many seconds an upload may bring less than 16 KiB a second; 408 above."""

    @field_validator("rate_limit_storage_uri")
    @classmethod
    def _known_store(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(RATE_LIMIT_STORES):
            raise ValueError(f"must begin with one of {', '.join(RATE_LIMIT_STORES)}")
        return value
