"""Build the use cases of OAuth clients and of the OpenID provider from the settings."""

import importlib.util
import ssl
from collections.abc import Collection
from datetime import datetime

from doorward.api.oauth_services import OAuthServices, ProviderServices
from doorward.core.ports import Clock
from doorward.domain.administration.authorization import lock_actor
from doorward.domain.administration.models import Actor
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.auth.sessions.authentication import OwnTokenAuthentication
from doorward.domain.auth.sessions.browser_sessions import BrowserSessions
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.key_proofs import KeyProofs, Possession, ProofReader
from doorward.domain.auth.tokens.opaque_token import OpaqueTokenCodec, RowTokenCodec
from doorward.domain.oauth.application_lookups import ApplicationLookups
from doorward.domain.oauth.authorization import Authorization, AuthorizationSources
from doorward.domain.oauth.client_assertions import ClientAssertions
from doorward.domain.oauth.client_authentication import ClientAuthentication
from doorward.domain.oauth.client_callers import ClientCallers
from doorward.domain.oauth.client_credentials import ClientCredentials
from doorward.domain.oauth.client_metadata import AllowedRegistration
from doorward.domain.oauth.clients import Clients
from doorward.domain.oauth.code_exchange import CodeExchange
from doorward.domain.oauth.code_models import CODE_PREFIX
from doorward.domain.oauth.consents import Consents
from doorward.domain.oauth.described_clients import DescribedClients
from doorward.domain.oauth.device_exchange import DeviceExchange
from doorward.domain.oauth.device_models import DEVICE_PREFIX
from doorward.domain.oauth.devices import Devices
from doorward.domain.oauth.expiry import CodeExpiry
from doorward.domain.oauth.introspection import Introspection
from doorward.domain.oauth.key_changes import ClientKeys
from doorward.domain.oauth.login_grants import LoginGrants
from doorward.domain.oauth.logout import Logout
from doorward.domain.oauth.ports import AssertionReader
from doorward.domain.oauth.pushed_requests import REQUEST_PREFIX, PushedRequests
from doorward.domain.oauth.registered_origins import RegisteredOrigins
from doorward.domain.oauth.registration import ClientRegistration
from doorward.domain.oauth.registration_models import INITIAL_TOKEN_PREFIX, REGISTRATION_TOKEN_PREFIX
from doorward.domain.oauth.registration_tokens import RegistrationTokens
from doorward.domain.oauth.repositories import Connection
from doorward.domain.oauth.resources import Resources
from doorward.domain.oauth.revocation import Revocation
from doorward.domain.oauth.session_tokens import TokenIssuers
from doorward.domain.oauth.sign_in_notes import SignInNotes
from doorward.domain.oauth.token_policy import Audiences
from doorward.domain.oauth.user_code import UserCodeMacs
from doorward.infrastructure.access_tokens import AccessTokens
from doorward.infrastructure.client_documents import FetchedClientDocuments
from doorward.infrastructure.id_tokens import IdTokens
from doorward.infrastructure.keys import (
    ASKED_NOTE_PURPOSE,
    AUTHORIZATION_CODE_PURPOSE,
    DEVICE_CODE_PURPOSE,
    INITIAL_TOKEN_PURPOSE,
    PUSHED_REQUEST_PURPOSE,
    REGISTRATION_TOKEN_PURPOSE,
    USER_CODE_PURPOSE,
)
from doorward.infrastructure.outbound import DocumentFetcher, PublicFetcher
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.scheduler import Task
from doorward.settings.background import BackgroundSettings
from doorward.settings.config import Settings
from doorward.settings.keys import KeySettings
from doorward.wiring.auth import create_browser_codec, lifetimes_of
from doorward.wiring.database import create_batching
from doorward.wiring.foundation import Foundation
from doorward.wiring.housekeeping import clock_checked_task
from doorward.wiring.keys import SigningKeys, keys
from doorward.wiring.login_providers import create_federated_login


def create_oauth(settings: Settings, database: PostgresDatabase, clock: Clock) -> OAuthServices:
    """Return the use cases of OAuth clients and resources."""
    built_in, reader = built_in_resources(settings), _assertions(settings)
    return OAuthServices(
        clients=Clients(
            database=database, clock=clock, lock_administrator=_lock_administrator, built_in_resources=built_in
        ),
        resources=Resources(
            database=database, clock=clock, lock_administrator=_lock_administrator, built_in_resources=built_in
        ),
        client_authentication=ClientAuthentication(
            database=database,
            batching=create_batching(database),
            clock=clock,
            built_in_resources=built_in,
            assertions=None if reader is None else ClientAssertions(database=database, reader=reader),
        ),
        client_keys=None if reader is None else ClientKeys(database=database, clock=clock, reader=reader),
        consents=Consents(database=database, clock=clock, address_detail=settings.tokens.client_addresses),
        registration_tokens=RegistrationTokens(
            database=database, clock=clock, codec=_initial_tokens(settings.keys), built_in_resources=built_in
        ),
    )


def create_provider(
    base: Foundation, signer: AccessTokens, pairs: TokenPairIssuer, sessions: Sessions, signing_keys: SigningKeys | None
) -> ProviderServices | None:
    """Return the use cases of the standard endpoints; None if the OpenID provider is off."""
    issuer, clock = base.settings.browsers.provider_issuer, base.clock
    if issuer is None or signing_keys is None:
        return None
    database, id_tokens = base.database, IdTokens(signing_keys.rings, issuer)
    audiences = Audiences(issuer=issuer, own=base.settings.tokens.jwt_audience)
    pushed, issuers = _pushed_requests(base, audiences), TokenIssuers(issuer, pairs, id_tokens)
    return ProviderServices(
        issuer=issuer,
        key_proofs=KeyProofs(database=database, clock=clock, reader=_proof_reader()),
        client_credentials=ClientCredentials(signer=signer, clock=clock, audiences=audiences),
        introspection=Introspection(signer=signer, sessions=sessions, audiences=audiences, clock=clock),
        revocation=Revocation(signer=signer, sessions=sessions, clock=clock),
        login_grants=LoginGrants(database=database, audiences=audiences),
        code_exchange=_code_exchange(base, sessions, issuers),
        devices=_devices(base, audiences),
        device_exchange=DeviceExchange(
            database=database,
            clock=clock,
            codec=_device_codes(base.settings.keys),
            issuers=issuers,
            lifetimes=lifetimes_of(base.settings),
        ),
        authorization=_authorization(base, id_tokens, audiences, pushed),
        pushed_requests=pushed,
        registered_origins=RegisteredOrigins(database=database),
        registration=_registration(base),
        reads_client_documents=bool(base.settings.self_registration.client_metadata_hosts),
        browser_sessions=_browser_sessions(base),
        logout=Logout(database=database, hints=id_tokens),
        federated_login=create_federated_login(base, pairs, issuer),
        has_pages=importlib.util.find_spec("jinja2") is not None,
    )


def _browser_sessions(base: Foundation) -> BrowserSessions:
    return BrowserSessions(
        database=base.database,
        batching=create_batching(base.database),
        clock=base.clock,
        codec=create_browser_codec(base.settings.keys),
        address_detail=base.settings.tokens.client_addresses,
    )


def _assertions(settings: Settings) -> AssertionReader | None:
    issuer = settings.browsers.provider_issuer
    if issuer is None or importlib.util.find_spec("cryptography") is None:
        return None
    from doorward.infrastructure.client_assertions import SignedAssertions  # noqa: PLC0415 - an extra

    return SignedAssertions(issuer, PublicFetcher())


def _initial_tokens(settings: KeySettings) -> OpaqueTokenCodec:
    return OpaqueTokenCodec(INITIAL_TOKEN_PREFIX, *keys(settings, INITIAL_TOKEN_PURPOSE))


def _registration(base: Foundation) -> ClientRegistration | None:
    if not base.settings.self_registration.client_registration_enabled:
        return None
    return ClientRegistration(
        database=base.database,
        clock=base.clock,
        initial=_initial_tokens(base.settings.keys),
        registered=OpaqueTokenCodec(REGISTRATION_TOKEN_PREFIX, *keys(base.settings.keys, REGISTRATION_TOKEN_PURPOSE)),
    )


def _codes(settings: KeySettings) -> OpaqueTokenCodec:
    return OpaqueTokenCodec(CODE_PREFIX, *keys(settings, AUTHORIZATION_CODE_PURPOSE))


def _devices(base: Foundation, audiences: Audiences) -> Devices:
    return Devices(
        database=base.database,
        clock=base.clock,
        codec=_device_codes(base.settings.keys),
        macs=UserCodeMacs(*keys(base.settings.keys, USER_CODE_PURPOSE)),
        audiences=audiences,
    )


def _device_codes(settings: KeySettings) -> RowTokenCodec:
    return RowTokenCodec(DEVICE_PREFIX, *keys(settings, DEVICE_CODE_PURPOSE))


def _code_exchange(base: Foundation, sessions: Sessions, issuers: TokenIssuers) -> CodeExchange:
    return CodeExchange(
        database=base.database,
        clock=base.clock,
        codec=_codes(base.settings.keys),
        sessions=sessions,
        issuers=issuers,
        lifetimes=lifetimes_of(base.settings),
        address_detail=base.settings.tokens.client_addresses,
    )


def _pushed_requests(base: Foundation, audiences: Audiences) -> PushedRequests:
    codec = RowTokenCodec(REQUEST_PREFIX, *keys(base.settings.keys, PUSHED_REQUEST_PURPOSE))
    return PushedRequests(database=base.database, clock=base.clock, codec=codec, audiences=audiences)


def _authorization(
    base: Foundation, id_tokens: IdTokens, audiences: Audiences, pushed: PushedRequests
) -> Authorization:
    return Authorization(
        database=base.database,
        batching=create_batching(base.database),
        clock=base.clock,
        codec=_codes(base.settings.keys),
        notes=SignInNotes(*keys(base.settings.keys, ASKED_NOTE_PURPOSE)),
        hints=id_tokens,
        audiences=audiences,
        sources=AuthorizationSources(pushed, _applications(base)),
    )


def _applications(base: Foundation) -> ApplicationLookups:
    return ApplicationLookups(
        database=base.database,
        batching=create_batching(base.database),
        clock=base.clock,
        described=DescribedClients(_client_documents(base)),
    )


def _client_documents(base: Foundation) -> FetchedClientDocuments | None:
    settings = base.settings.self_registration
    if not settings.client_metadata_hosts:
        return None
    allowed = AllowedRegistration(frozenset(settings.self_registered_scopes), settings.self_registered_resources)
    fetcher = DocumentFetcher(tls=ssl.create_default_context())
    return FetchedClientDocuments(settings.client_metadata_hosts, allowed, fetcher=fetcher, clock=base.clock)


def create_own_authentication(base: Foundation, signer: AccessTokens, sessions: Sessions) -> OwnTokenAuthentication:
    """Return the authentication of users and clients by the service's own access tokens."""
    clients = ClientCallers(database=base.database, batching=create_batching(base.database))
    return OwnTokenAuthentication(
        signer=signer, possession=create_possession(base), sessions=sessions, clients=clients, clock=base.clock
    )


def create_possession(base: Foundation) -> Possession:
    """Return the check of key proofs in requests. It has no reader if the OpenID provider is off.

    Without the provider, there is no public address that a proof could be made for.
    """
    return Possession(_proof_reader() if base.settings.browsers.provider_issuer else None)


def _proof_reader() -> ProofReader:
    from doorward.infrastructure.dpop_proofs import SignedProofs  # noqa: PLC0415 - an extra

    return SignedProofs()


def expired_codes_task(settings: BackgroundSettings, database: PostgresDatabase, clock: Clock) -> Task:
    """Return the task that removes expired codes. It removes nothing while the clocks differ by too much."""
    expiry = CodeExpiry(database=database, clock=clock)
    return clock_checked_task("expired_codes", expiry.prune, settings, database)


def built_in_resources(settings: Settings) -> Collection[str]:
    """Return the audience of the service's own tokens and, if it has one, its public address, the issuer."""
    issuer = settings.browsers.public_url
    return {settings.tokens.jwt_audience, *([] if issuer is None else [issuer])}


async def _lock_administrator(connection: Connection, caller: Caller | None, *, now: datetime) -> None:
    await lock_actor(connection, Actor(caller), AdminScope.CLIENTS_WRITE, now=now)
