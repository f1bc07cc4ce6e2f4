"""The use cases of OAuth clients, built from the settings."""

from collections.abc import Collection
from datetime import datetime

from doorward.api.services import OAuthServices, ProviderServices
from doorward.core.ports import Clock
from doorward.domain.administration.acting import lock_actor
from doorward.domain.administration.models import Actor
from doorward.domain.auth.authentication import OwnTokenAuthentication
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.auth.sessions import Sessions
from doorward.domain.oauth.client_authentication import ClientAuthentication
from doorward.domain.oauth.client_callers import ClientCallers
from doorward.domain.oauth.client_credentials import ClientCredentials
from doorward.domain.oauth.clients import Clients
from doorward.domain.oauth.introspection import Introspection
from doorward.domain.oauth.login_grants import LoginGrants
from doorward.domain.oauth.repositories import Connection
from doorward.domain.oauth.resources import Resources
from doorward.domain.oauth.revocation import Revocation
from doorward.domain.oauth.token_policy import Audiences
from doorward.infrastructure.access_tokens import AccessTokens
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.config import Settings
from doorward.wiring.database import batching_on
from doorward.wiring.foundation import Foundation


def create_oauth(settings: Settings, database: PostgresDatabase, clock: Clock) -> OAuthServices:
    """Return the use cases."""
    built_in = built_in_resources(settings)
    return OAuthServices(
        clients=Clients(
            database=database, clock=clock, lock_administrator=_lock_administrator, built_in_resources=built_in
        ),
        resources=Resources(
            database=database, clock=clock, lock_administrator=_lock_administrator, built_in_resources=built_in
        ),
        client_authentication=ClientAuthentication(
            database=database, batching=batching_on(database), clock=clock, built_in_resources=built_in
        ),
    )


def create_provider(base: Foundation, signer: AccessTokens, sessions: Sessions) -> ProviderServices | None:
    """Return the use cases of the standard endpoints; None where the provider is off."""
    issuer, clock = base.settings.browsers.provider_issuer, base.clock
    if issuer is None:
        return None
    audiences = Audiences(issuer=issuer, own=base.settings.tokens.jwt_audience)
    return ProviderServices(
        issuer=issuer,
        client_credentials=ClientCredentials(signer=signer, clock=clock, audiences=audiences),
        introspection=Introspection(signer=signer, sessions=sessions, audiences=audiences, clock=clock),
        revocation=Revocation(signer=signer, sessions=sessions, clock=clock),
        login_grants=LoginGrants(database=base.database, audiences=audiences),
    )


def create_own_authentication(base: Foundation, signer: AccessTokens, sessions: Sessions) -> OwnTokenAuthentication:
    """Return what knows callers, people and clients, by the service's own access tokens."""
    clients = ClientCallers(database=base.database, batching=batching_on(base.database))
    return OwnTokenAuthentication(signer=signer, sessions=sessions, clients=clients, clock=base.clock)


def built_in_resources(settings: Settings) -> Collection[str]:
    """Return the audience of the service's own tokens, and its issuer where it has one."""
    issuer = settings.browsers.public_url
    return {settings.tokens.jwt_audience, *([] if issuer is None else [issuer])}


async def _lock_administrator(connection: Connection, caller: Caller | None, *, now: datetime) -> None:
    await lock_actor(connection, Actor(caller), AdminScope.CLIENTS_WRITE, now=now)
