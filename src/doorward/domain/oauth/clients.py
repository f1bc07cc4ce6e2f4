"""Use cases of administrators: create, list, get, update, disable, enable and delete clients, and rotate secrets."""

from collections.abc import Collection, Sequence
from datetime import datetime

from doorward.core.ports import Clock, Database
from doorward.core.versions import VersionTest
from doorward.domain.audit.recording import record
from doorward.domain.auth.callers import Caller
from doorward.domain.oauth.client_changes import changed_content
from doorward.domain.oauth.client_secret import hash_of, new_client_id, new_secret
from doorward.domain.oauth.events import (
    ClientChanged,
    ClientCreated,
    ClientDisabled,
    ClientEnabled,
    ClientRemoved,
    ClientSecretRotated,
)
from doorward.domain.oauth.exceptions import (
    BuiltInClientError,
    ClientKeysMissingError,
    ClientNotFoundError,
    ClientSecretInUseError,
    ClientWithoutSecretError,
    StaleClientError,
    TooManyClientsError,
)
from doorward.domain.oauth.models import (
    NO_SECRET,
    PRIVATE_KEY,
    ClientChanges,
    ClientContent,
    ClientDetails,
    ClientId,
    ClientKeySource,
    ClientWithSecret,
    OAuthClient,
)
from doorward.domain.oauth.policy import (
    MAXIMUM_CLIENTS,
    SECRET_OVERLAP,
    checked_content,
    checked_secret,
    first_moment_after,
    is_built_in,
    may_be_a_client_id,
    require_operator_for,
)
from doorward.domain.oauth.ports import AdministratorLock
from doorward.domain.oauth.repositories import (
    Connection,
    client_keys,
    clients,
    codes,
    consents,
    devices,
    registrations,
    secrets,
)
from doorward.domain.oauth.resources import require_known_resources
from doorward.observability.logging import report


class Clients:
    """Use cases of clients. Each change also raises what ``AdministratorLock`` raises."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        lock_administrator: AdministratorLock,
        built_in_resources: Collection[str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._lock_administrator = lock_administrator
        self._built_in_resources = built_in_resources

    async def create(
        self,
        caller: Caller | None,
        content: ClientContent,
        *,
        chosen_secret: str | None = None,
        keys: ClientKeySource | None = None,
    ) -> ClientWithSecret:
        """Store a client; return it with its secret, which is shown only once.

        Raises what ``checked_content`` raises, ``UnknownResourceError``, ``InvalidClientSecretError``,
        ``ClientWithoutSecretError`` for a chosen secret of a client that has none, ``ClientKeysMissingError`` for
        ``private_key_jwt`` without keys or keys without it, ``TooManyClientsError``.
        """
        content = checked_content(content)
        if (content.auth_method == PRIVATE_KEY) != (keys is not None):
            raise ClientKeysMissingError
        secret = _first_secret(content, chosen_secret)
        client_id, now = new_client_id(), self._clock.now()
        event = ClientCreated(user_id=None, client_id=client_id)
        async with self._database.transaction() as connection:
            await self._lock_administrator(connection, caller, now=now)
            await clients.lock_table(connection)
            if await clients.count_clients(connection) >= MAXIMUM_CLIENTS:
                raise TooManyClientsError
            await self._require_known(connection, content.resources)
            await clients.add_client(connection, client_id, content, now=now)
            if secret is not None:
                await secrets.add_secret(connection, client_id, hash_of(secret), now=now)
            if keys is not None:
                await client_keys.add_keys(connection, client_id, keys)
            await record(connection, event)
            client = _found(await clients.find_client(connection, client_id))
        report(event)
        return ClientWithSecret(client, secret)

    async def list(self) -> Sequence[OAuthClient]:
        """Return all clients including the built-in one, the oldest first."""
        async with self._database.connection() as connection:
            return await clients.list_clients(connection)

    async def get(self, client_id: str, is_expected: VersionTest) -> ClientDetails:
        """Return a client if its version is expected. Raises ``ClientNotFoundError`` or ``StaleClientError``."""
        _require_id(client_id)
        now = self._clock.now()
        async with self._database.connection() as connection:
            client = _expected(await clients.find_client(connection, client_id), is_expected)
            return ClientDetails(client, await secrets.list_live_secrets(connection, client_id, now=now))

    async def update(
        self, caller: Caller | None, client_id: str, changes: ClientChanges, is_expected: VersionTest
    ) -> OAuthClient:
        """Change fields of a client; return it. Tokens that were issued before keep their content.

        Changed redirect URIs remove all its consents, so that its users are asked again. Raises what ``get`` and
        ``create`` raise, ``InvalidAuthMethodError``, ``OperatorOnlyError``, ``BuiltInClientError`` for fields of the
        built-in client that cannot be changed, and ``SelfRegisteredClientError`` for a client with a document.

        Changed scopes and resources of a client that registered itself are from then on those that it may request.
        """
        async with self._database.transaction() as connection:
            now = self._clock.now()
            stored = await self._lock(connection, caller, client_id, is_expected, now=now)
            content = changed_content(stored, changes)
            if caller is not None:
                require_operator_for(stored.content(), content)
            if content.redirect_uris != tuple(stored.redirect_uris):
                await consents.remove_consents_of_client(connection, client_id)
            await self._require_known(connection, set(content.resources) - set(stored.resources))
            await clients.update_client(connection, client_id, content, now=now)
            await registrations.update_allowed(
                connection,
                client_id,
                scopes=content.scopes if content.scopes != tuple(stored.scopes) else None,
                resources=content.resources if content.resources != tuple(stored.resources) else None,
            )
            event = ClientChanged(user_id=None, client_id=ClientId(client_id))
            await record(connection, event)
            changed = _found(await clients.find_client(connection, client_id))
        report(event)
        return changed

    async def rotate_secret(
        self, caller: Caller | None, client_id: str, is_expected: VersionTest, *, chosen_secret: str | None = None
    ) -> ClientWithSecret:
        """Give a client a new secret, which is shown only once.

        The previous secret works for 7 more days, older ones stop at once. Raises what ``get`` raises,
        ``ClientWithoutSecretError``, ``InvalidClientSecretError``, ``ClientSecretInUseError``.
        """
        secret = new_secret() if chosen_secret is None else checked_secret(chosen_secret)
        async with self._database.transaction() as connection:
            now = self._clock.now()
            stored = await self._lock(connection, caller, client_id, is_expected, now=now)
            if stored.auth_method in {NO_SECRET, PRIVATE_KEY}:
                raise ClientWithoutSecretError
            await secrets.remove_expiring_secrets(connection, client_id)
            await secrets.update_newest_secret(connection, client_id, expires_at=now + SECRET_OVERLAP)
            if not await secrets.add_secret(connection, client_id, hash_of(secret), now=now):
                raise ClientSecretInUseError
            await clients.update_version(connection, client_id, now=now)
            event = ClientSecretRotated(user_id=None, client_id=ClientId(client_id))
            await record(connection, event)
            client = _found(await clients.find_client(connection, client_id))
        report(event)
        return ClientWithSecret(client, secret)

    async def disable(self, caller: Caller | None, client_id: str, is_expected: VersionTest) -> OAuthClient:
        """Disable a client and return it: it gets no tokens, and its tokens are refused.

        A client that is disabled already is not changed. Raises what ``get`` raises, and ``BuiltInClientError``.
        """
        async with self._database.transaction() as connection:
            now = self._clock.now()
            stored = await self._lock_unless_built_in(connection, caller, client_id, is_expected, now=now)
            if not stored.is_enabled:
                return stored
            await clients.disable_client(connection, client_id, now=now)
            await codes.remove_codes_of_client(connection, client_id)
            await devices.remove_devices_of_client(connection, client_id)
            event = ClientDisabled(user_id=None, client_id=ClientId(client_id))
            await record(connection, event)
            client = _found(await clients.find_client(connection, client_id))
        report(event)
        return client

    async def enable(self, caller: Caller | None, client_id: str, is_expected: VersionTest) -> OAuthClient:
        """Enable a client and return it: it gets tokens from the next second on.

        A client that is enabled already is not changed. The ``iat`` of a token is in whole seconds: all tokens from
        before have an earlier one, and stay refused. Raises what ``get`` raises, and ``BuiltInClientError``.
        """
        async with self._database.transaction() as connection:
            now = self._clock.now()
            stored = await self._lock_unless_built_in(connection, caller, client_id, is_expected, now=now)
            if stored.is_enabled:
                return stored
            await clients.enable_client(connection, client_id, not_before=first_moment_after(now), now=now)
            event = ClientEnabled(user_id=None, client_id=ClientId(client_id))
            await record(connection, event)
            client = _found(await clients.find_client(connection, client_id))
        report(event)
        return client

    async def delete(self, caller: Caller | None, client_id: str, is_expected: VersionTest) -> None:
        """Delete a client with its secrets. Raises what ``get`` raises, and ``BuiltInClientError``."""
        async with self._database.transaction() as connection:
            await self._lock_unless_built_in(connection, caller, client_id, is_expected, now=self._clock.now())
            await clients.remove_client(connection, client_id)
            event = ClientRemoved(user_id=None, client_id=ClientId(client_id))
            await record(connection, event)
        report(event)

    async def _lock_unless_built_in(
        self,
        connection: Connection,
        caller: Caller | None,
        client_id: str,
        is_expected: VersionTest,
        *,
        now: datetime,
    ) -> OAuthClient:
        stored = await self._lock(connection, caller, client_id, is_expected, now=now)
        if is_built_in(client_id):
            raise BuiltInClientError
        return stored

    async def _lock(
        self,
        connection: Connection,
        caller: Caller | None,
        client_id: str,
        is_expected: VersionTest,
        *,
        now: datetime,
    ) -> OAuthClient:
        _require_id(client_id)
        await self._lock_administrator(connection, caller, now=now)
        return _expected(await clients.lock_client(connection, client_id), is_expected)

    async def _require_known(self, connection: Connection, identifiers: Collection[str]) -> None:
        await require_known_resources(connection, identifiers, built_in=self._built_in_resources)


def _first_secret(content: ClientContent, chosen_secret: str | None) -> str | None:
    if content.auth_method not in {NO_SECRET, PRIVATE_KEY}:
        return new_secret() if chosen_secret is None else checked_secret(chosen_secret)
    if chosen_secret is not None:
        raise ClientWithoutSecretError
    return None


def _require_id(client_id: str) -> None:
    if not may_be_a_client_id(client_id):
        raise ClientNotFoundError


def _found(client: OAuthClient | None) -> OAuthClient:
    if client is None:
        raise ClientNotFoundError
    return client


def _expected(client: OAuthClient | None, is_expected: VersionTest) -> OAuthClient:
    found = _found(client)
    if not is_expected(found.version):
        raise StaleClientError
    return found
