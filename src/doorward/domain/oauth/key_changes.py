"""Use case of operators: replace the public keys of a client that authenticates with ``private_key_jwt``."""

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.oauth.events import ClientChanged
from doorward.domain.oauth.exceptions import (
    ClientKeysMissingError,
    ClientNotFoundError,
    InvalidClientKeysError,
    InvalidRedirectUriError,
)
from doorward.domain.oauth.models import PRIVATE_KEY, ClientId, ClientKeySource
from doorward.domain.oauth.policy import may_be_a_client_id
from doorward.domain.oauth.ports import AssertionReader
from doorward.domain.oauth.redirect_uris import checked_redirect_uris
from doorward.domain.oauth.repositories import Connection, client_keys, clients
from doorward.observability.logging import report

MAXIMUM_SET_LENGTH = 16 * 1024


class ClientKeys:
    """Checks and replaces the public keys of clients."""

    def __init__(self, *, database: Database[Connection], clock: Clock, reader: AssertionReader) -> None:
        self._database = database
        self._clock = clock
        self._reader = reader

    def checked(self, source: ClientKeySource) -> ClientKeySource:
        """Return the source if assertions can be verified with its keys. Raises ``InvalidClientKeysError``."""
        if (source.jwks is None) == (source.jwks_uri is None):
            raise InvalidClientKeysError
        if source.jwks is not None:
            if len(source.jwks) > MAXIMUM_SET_LENGTH or not self._reader.has_usable_key(source.jwks):
                raise InvalidClientKeysError
        elif not _is_address(source.jwks_uri or ""):
            raise InvalidClientKeysError
        return source

    async def replace(self, client_id: str, source: ClientKeySource) -> None:
        """Replace the keys of a client. The previous keys are not accepted any more.

        Raises ``InvalidClientKeysError``, ``ClientNotFoundError``, and ``ClientKeysMissingError`` for a client that
        authenticates in another way.
        """
        if not may_be_a_client_id(client_id):
            raise ClientNotFoundError
        source, event = self.checked(source), ClientChanged(user_id=None, client_id=ClientId(client_id))
        async with self._database.transaction() as connection:
            stored = await clients.lock_client(connection, client_id)
            if stored is None:
                raise ClientNotFoundError
            if stored.auth_method != PRIVATE_KEY:
                raise ClientKeysMissingError
            await client_keys.add_keys(connection, client_id, source)
            await clients.update_version(connection, client_id, now=self._clock.now())
            await record(connection, event)
        report(event)


def _is_address(text: str) -> bool:
    """Return whether it is an https URL that could be a redirect URI: no credentials, fragment or dot segments."""
    try:
        checked_redirect_uris([text])
    except InvalidRedirectUriError:
        return False
    return text.startswith("https://")
