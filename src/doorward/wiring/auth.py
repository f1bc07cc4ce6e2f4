"""Build the objects of logins, sessions and tokens from the settings."""

from datetime import timedelta

from doorward.domain.auth.devices.device_token import DeviceTokenCodec
from doorward.domain.auth.devices.known_devices import KnownDevices
from doorward.domain.auth.login.blocked_logins import BlockedLogins
from doorward.domain.auth.login.login import Login
from doorward.domain.auth.login.login_sessions import LoginRules, LoginSessions
from doorward.domain.auth.login.pending_login import PendingLogins
from doorward.domain.auth.sessions.admission import AdmissionPolicy
from doorward.domain.auth.sessions.browser_session import PREFIX as BROWSER_PREFIX
from doorward.domain.auth.sessions.continuation import SessionContinuation
from doorward.domain.auth.sessions.policy import Lifetimes
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.domain.auth.sessions.token_endings import TokenEndings
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.opaque_token import OpaqueTokenCodec
from doorward.domain.auth.tokens.refresh_token import RefreshTokenCodec
from doorward.domain.auth.tokens.sealed_tokens import SealedTokens
from doorward.infrastructure.access_tokens import AccessTokens, Provider
from doorward.infrastructure.keys import (
    ACCESS_TOKEN_PURPOSE,
    BROWSER_SESSION_PURPOSE,
    DEVICE_TOKEN_PURPOSE,
    REFRESH_TOKEN_PURPOSE,
    SEALED_TOKEN_PURPOSE,
)
from doorward.infrastructure.passwords import BcryptHasher, available_cores
from doorward.settings.config import Settings, first_party_issuer
from doorward.settings.keys import KeySettings
from doorward.wiring.database import create_batching
from doorward.wiring.foreign_hashes import create_foreign_hashes
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import keys
from doorward.wiring.telemetry import Telemetry
from doorward.wiring.throttling import create_throttling


def lifetimes_of(settings: Settings) -> Lifetimes:
    """Return the lifetimes of the settings as durations."""
    return Lifetimes(
        access=timedelta(minutes=settings.tokens.access_token_expire_minutes),
        refresh_idle=timedelta(days=settings.tokens.refresh_token_expire_days),
        session=timedelta(days=settings.tokens.session_max_days),
        reuse_leeway=timedelta(seconds=settings.tokens.refresh_token_reuse_leeway_seconds),
        most_sessions=settings.tokens.sessions_per_user,
    )


def create_hasher(settings: Settings, telemetry: Telemetry) -> BcryptHasher:
    """Return the password hasher, with a thread for each processor core."""
    return BcryptHasher(
        rounds=settings.passwords.bcrypt_rounds,
        threads=available_cores(),
        per_address=settings.passwords.password_hashes_per_address,
        foreign=create_foreign_hashes(settings.hashes),
        observe_wait=telemetry.observe_hash_wait,
    )


def create_login(base: Foundation, issuer: TokenPairIssuer) -> Login:
    """Return the use case of login by password."""
    settings = base.settings
    return Login(
        database=base.database,
        hasher=base.hasher,
        sessions=create_login_sessions(base, issuer),
        pending=create_pending_logins(settings.keys),
        throttling=create_throttling(settings.keys, base.database),
        devices=create_known_devices(base),
        blocked_logins=create_blocked_logins(base),
        clock=base.clock,
    )


def create_login_sessions(base: Foundation, issuer: TokenPairIssuer) -> LoginSessions:
    """Return the service that starts the session of a login, whatever the login method."""
    settings = base.settings
    days = settings.second_factors.remembered_device_days
    return LoginSessions(
        issuer=issuer,
        cookies=create_browser_codec(settings.keys),
        throttling=create_throttling(settings.keys, base.database),
        devices=create_known_devices(base),
        rules=LoginRules(
            policy=AdmissionPolicy(requires_verified_email=settings.registration.login_requires_verified_email),
            lifetimes=lifetimes_of(settings),
            address_detail=settings.tokens.client_addresses,
            device_trust=None if days == 0 else timedelta(days=days),
        ),
    )


def create_browser_codec(settings: KeySettings) -> OpaqueTokenCodec:
    """Return the codec for the cookies of browser sessions."""
    return OpaqueTokenCodec(BROWSER_PREFIX, *keys(settings, BROWSER_SESSION_PURPOSE))


def create_blocked_logins(base: Foundation) -> BlockedLogins:
    """Return the service for logins whose proof is correct but whose session must not start."""
    return BlockedLogins(sealed_tokens=create_sealed_tokens(base.settings.keys), mails=base.mails)


def create_sealed_tokens(settings: KeySettings) -> SealedTokens:
    """Return the service that issues and reads tokens that are not stored in the database."""
    return SealedTokens(*keys(settings, SEALED_TOKEN_PURPOSE))


def create_pending_logins(settings: KeySettings) -> PendingLogins:
    """Return the service that issues and reads the tokens of logins that wait for a second factor."""
    return PendingLogins(create_sealed_tokens(settings))


def create_known_devices(base: Foundation) -> KnownDevices:
    """Return the service that issues and recognizes device tokens."""
    return KnownDevices(DeviceTokenCodec(*keys(base.settings.keys, DEVICE_TOKEN_PURPOSE)), base.mails)


def create_continuation(base: Foundation, issuer: TokenPairIssuer) -> SessionContinuation:
    """Return the service that starts the session in which a user continues after all other sessions have ended."""
    return SessionContinuation(
        issuer=issuer,
        cookies=create_browser_codec(base.settings.keys),
        devices=create_known_devices(base),
        lifetimes=lifetimes_of(base.settings),
        address_detail=base.settings.tokens.client_addresses,
    )


def create_tokens(base: Foundation, provider: Provider | None) -> tuple[AccessTokens, TokenPairIssuer, Sessions]:
    """Return the signer and verifier of access tokens, the issuer of token pairs, and the use cases of sessions."""
    lifetimes, codec = lifetimes_of(base.settings), RefreshTokenCodec(*keys(base.settings.keys, REFRESH_TOKEN_PURPOSE))
    signer = create_signer(base.settings, lifetimes, provider)
    others = None if provider is None else TokenAudience(provider.issuer, "ES256")
    issuer = TokenPairIssuer(signer=signer, codec=codec, lifetimes=lifetimes, audience_of_others=others)
    return signer, issuer, create_sessions(base, codec, signer, issuer)


def create_sessions(
    base: Foundation, codec: RefreshTokenCodec, signer: AccessTokens, issuer: TokenPairIssuer
) -> Sessions:
    """Return the use cases of sessions, with batched queries."""
    return Sessions(
        database=base.database,
        batching=create_batching(base.database),
        codec=codec,
        signer=signer,
        issuer=issuer,
        clock=base.clock,
        lifetimes=lifetimes_of(base.settings),
        endings=TokenEndings(mails=base.mails, address_detail=base.settings.tokens.client_addresses),
    )


def create_signer(settings: Settings, lifetimes: Lifetimes, provider: Provider | None) -> AccessTokens:
    """Return the signer and verifier of access tokens. ``provider`` is None if the OpenID provider is off."""
    key, previous_key = keys(settings.keys, ACCESS_TOKEN_PURPOSE)
    return AccessTokens(
        key=key,
        previous_key=previous_key,
        algorithm=settings.tokens.algorithm,
        issuer=first_party_issuer(settings.tokens, settings.browsers),
        audience=settings.tokens.jwt_audience,
        lifetime=lifetimes.access,
        provider=provider,
    )
