"""The grants of a user's login. Besides the account, it may request a token for one resource of the built-in client."""

from doorward.core.ports import Database
from doorward.domain.auth.exceptions import InvalidTargetError, ScopeNotGrantedError
from doorward.domain.auth.models import ACCOUNT_SCOPE, FIRST_PARTY_CLIENT
from doorward.domain.auth.sessions.grants import FIRST_PARTY, Grant
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.oauth.exceptions import ScopesNotAllowedError
from doorward.domain.oauth.policy import is_resource_identifier
from doorward.domain.oauth.repositories import Connection, clients
from doorward.domain.oauth.token_policy import Audiences, grantable_client_scopes


class LoginGrants:
    """Reads the scopes and resources of the built-in client, which the operator sets."""

    def __init__(self, *, database: Database[Connection], audiences: Audiences) -> None:
        self._database = database
        self._audiences = audiences

    async def grant_for(self, identifier: str, scope: str) -> Grant:
        """Return the grant of a login for this resource; without ``scope``, with all scopes that are available.

        The audience of the service's own tokens gives the grant of an ordinary login. Raises ``InvalidTargetError`` for
        a resource that the built-in client does not have, and ``ScopeNotGrantedError``.
        """
        if identifier == self._audiences.own:
            if not set(scope.split()) <= {ACCOUNT_SCOPE}:
                raise ScopeNotGrantedError
            return FIRST_PARTY
        if not is_resource_identifier(identifier):
            raise InvalidTargetError
        async with self._database.connection() as connection:
            (stored,) = await clients.list_clients_with_hashes(connection, [FIRST_PARTY_CLIENT], [identifier], [None])
        if stored is None or stored.resource is None or identifier not in stored.client.resources:
            raise InvalidTargetError
        try:
            scopes = grantable_client_scopes(stored.client, stored.resource, scope)
        except ScopesNotAllowedError as error:
            raise ScopeNotGrantedError from error
        if not scopes:
            raise ScopeNotGrantedError
        audience = TokenAudience(identifier, stored.resource.algorithm)
        return Grant(FIRST_PARTY_CLIENT, tuple(sorted(scopes)), audience)
