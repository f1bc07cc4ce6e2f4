"""Use cases of dynamic client registration and its management (RFC 7591, RFC 7592)."""

from collections.abc import Mapping

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.tokens.opaque_token import OpaqueToken, OpaqueTokenCodec
from doorward.domain.oauth.client_metadata import (
    AllowedRegistration,
    read_client_metadata,
    with_operators_settings,
)
from doorward.domain.oauth.client_secret import hash_of, new_registered_client_id, new_secret
from doorward.domain.oauth.events import ClientChanged, ClientCreated, ClientRemoved
from doorward.domain.oauth.exceptions import InvalidAuthMethodError
from doorward.domain.oauth.models import NO_SECRET, AuthMethod, ClientContent, ClientId, OAuthClient
from doorward.domain.oauth.policy import require_same_kind
from doorward.domain.oauth.registration_exceptions import (
    InvalidClientMetadataError,
    InvalidRegistrationTokenError,
    SelfRegistrationFullError,
)
from doorward.domain.oauth.registration_models import (
    MAXIMUM_REGISTERED_CLIENTS,
    NO_USER,
    RegisteredClient,
    StoredRegistration,
)
from doorward.domain.oauth.repositories import Connection, clients, consents, registrations, secrets
from doorward.observability.logging import report

ALLOWED_AUTH_METHODS: Mapping[str, AuthMethod] = {
    "client_secret_basic": "client_secret_basic",
    "client_secret_post": "client_secret_post",
    "none": "none",
}
"""The allowed authentication methods. The first one is the default (RFC 7591 section 2)."""

READ_ONLY_MEMBERS = ("registration_access_token", "registration_client_uri", "client_secret_expires_at")
"""Members that an update must not contain (RFC 7592 section 2.2), in addition to ``client_id_issued_at``."""


class ClientRegistration:
    """Registers clients and lets them manage their registration.

    They are never first-party, and are refused if disabled.
    """

    def __init__(
        self, *, database: Database[Connection], clock: Clock, initial: OpaqueTokenCodec, registered: OpaqueTokenCodec
    ) -> None:
        """Decode initial access tokens with ``initial``, and registration access tokens with ``registered``."""
        self._database = database
        self._clock = clock
        self._initial = initial
        self._registered = registered

    def initial_token(self, text: str) -> OpaqueToken:
        """Decode an initial access token. Raises ``InvalidRegistrationTokenError``."""
        return _read(self._initial, text)

    def own_token(self, text: str) -> OpaqueToken:
        """Decode a registration access token. Raises ``InvalidRegistrationTokenError``."""
        return _read(self._registered, text)

    async def register(self, token: OpaqueToken, members: Mapping[str, object]) -> RegisteredClient:
        """Store a client and consume one use of the token; return the client with its secret, which is shown only once.

        Raises ``InvalidRegistrationTokenError``, ``InvalidClientMetadataError``, ``InvalidRedirectUriError``,
        ``SelfRegistrationFullError``. A refused registration consumes nothing.
        """
        own, client_id, now = OpaqueToken.new(NO_USER), new_registered_client_id(), self._clock.now()
        event = ClientCreated(user_id=None, client_id=client_id)
        async with self._database.transaction() as connection:
            await clients.lock_table(connection)
            used = await registrations.consume_use(connection, token, now=now)
            if used is None:
                raise InvalidRegistrationTokenError
            registration = StoredRegistration(client_id, used.scopes, used.resources)
            content = _content(members, registration.allowed)
            if await registrations.count_registered_clients(connection) >= MAXIMUM_REGISTERED_CLIENTS:
                raise SelfRegistrationFullError
            secret = None if content.auth_method == NO_SECRET else new_secret()
            await clients.add_client(connection, client_id, content, now=now)
            if secret is not None:
                await secrets.add_secret(connection, client_id, hash_of(secret), now=now)
            await registrations.add_registration(connection, own, registration)
            await record(connection, event)
            client = _enabled(await clients.find_client(connection, client_id))
        report(event)
        return RegisteredClient(client, self._registered.encode(own), secret)

    async def get(self, token: OpaqueToken, client_id: str) -> RegisteredClient:
        """Return the stored client of the token. Raises ``InvalidRegistrationTokenError``."""
        async with self._database.connection() as connection:
            await _registration(connection, token, client_id)
            client = _enabled(await clients.find_client(connection, client_id))
        return RegisteredClient(client, self._registered.encode(token))

    async def replace(self, token: OpaqueToken, client_id: str, members: Mapping[str, object]) -> RegisteredClient:
        """Replace the metadata of the client; omitted members get their defaults (RFC 7592 section 2.2).

        What metadata cannot express, and the scopes and resources that the operator has left it, stay the operator's.
        Changed redirect URIs remove all its consents, so that its users are asked again. A client with a secret keeps
        it, and one without gets none. Raises what ``register`` raises.
        """
        event = ClientChanged(user_id=None, client_id=ClientId(client_id))
        async with self._database.transaction() as connection:
            await _registration(connection, token, client_id)
            stored = _enabled(await clients.lock_client(connection, client_id))
            _require_own(members, client_id)
            # Read under the lock: the operator may have changed the client meanwhile.
            registration = await _registration(connection, token, client_id)
            content = with_operators_settings(_content(members, registration.allowed), stored.content())
            try:
                require_same_kind(stored.auth_method, content.auth_method)
            except InvalidAuthMethodError as error:
                raise InvalidClientMetadataError from error
            if content.redirect_uris != tuple(stored.redirect_uris):
                await consents.remove_consents_of_client(connection, client_id)
            await clients.update_client(connection, client_id, content, now=self._clock.now())
            await record(connection, event)
            client = _enabled(await clients.find_client(connection, client_id))
        report(event)
        return RegisteredClient(client, self._registered.encode(token))

    async def delete(self, token: OpaqueToken, client_id: str) -> None:
        """Delete the client with all its data. Raises ``InvalidRegistrationTokenError``."""
        event = ClientRemoved(user_id=None, client_id=ClientId(client_id))
        async with self._database.transaction() as connection:
            await _registration(connection, token, client_id)
            _enabled(await clients.lock_client(connection, client_id))
            await clients.remove_client(connection, client_id)
            await record(connection, event)
        report(event)


def _read(codec: OpaqueTokenCodec, text: str) -> OpaqueToken:
    token = codec.decode(text)
    if token is None:
        raise InvalidRegistrationTokenError
    return token


async def _registration(connection: Connection, token: OpaqueToken, client_id: str) -> StoredRegistration:
    found = await registrations.find_registration(connection, token)
    if found is None or found.client_id != client_id:
        raise InvalidRegistrationTokenError
    return found


def _content(members: Mapping[str, object], allowed: AllowedRegistration) -> ClientContent:
    return read_client_metadata(members, allowed, default_name="Application", methods=ALLOWED_AUTH_METHODS)


def _require_own(members: Mapping[str, object], client_id: str) -> None:
    if members.get("client_id") != client_id or members.keys() & {*READ_ONLY_MEMBERS, "client_id_issued_at"}:
        raise InvalidClientMetadataError


def _enabled(client: OAuthClient | None) -> OAuthClient:
    """Return the client if it is enabled. A client that the operator disabled cannot even delete itself."""
    if client is None or not client.is_enabled:
        raise InvalidRegistrationTokenError
    return client
