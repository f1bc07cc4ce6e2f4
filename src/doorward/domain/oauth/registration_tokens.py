"""Use cases of operators: create, list and delete initial access tokens for registration (RFC 7591 section 1.2)."""

import dataclasses
from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.models import ACCOUNT_SCOPE
from doorward.domain.auth.tokens.opaque_token import OpaqueToken, OpaqueTokenCodec
from doorward.domain.oauth.events import RegistrationTokenChanged
from doorward.domain.oauth.exceptions import InvalidClientScopesError
from doorward.domain.oauth.policy import checked_name, checked_resources, checked_scopes
from doorward.domain.oauth.registration_exceptions import (
    InvalidInitialTokenError,
    RegistrationTokenNotFoundError,
    TooManyRegistrationTokensError,
)
from doorward.domain.oauth.registration_models import (
    LONGEST_LIFE,
    MAXIMUM_TOKENS,
    MAXIMUM_USES,
    NO_USER,
    InitialToken,
    InitialTokenContent,
)
from doorward.domain.oauth.repositories import Connection, registrations
from doorward.domain.oauth.resources import require_known_resources
from doorward.observability.logging import report


class RegistrationTokens:
    """Use cases of initial access tokens.

    Only operators have them, because a token defines what its clients may request.
    """

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        codec: OpaqueTokenCodec,
        built_in_resources: Collection[str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._codec = codec
        self._built_in_resources = built_in_resources

    async def create(self, content: InitialTokenContent) -> str:
        """Store an initial access token; return its text, which is shown only once.

        Raises ``InvalidClientNameError``, ``InvalidClientScopesError``, ``UnknownResourceError``,
        ``InvalidInitialTokenError``, ``TooManyRegistrationTokensError``.
        """
        content, token = _checked(content), OpaqueToken.new(NO_USER)
        event = RegistrationTokenChanged(user_id=None, token_id=token.id, change="created")
        async with self._database.transaction() as connection:
            now = self._clock.now()
            await registrations.lock_tokens(connection)
            if await registrations.count_tokens(connection) >= MAXIMUM_TOKENS:
                raise TooManyRegistrationTokensError
            await require_known_resources(connection, content.resources, built_in=self._built_in_resources)
            await registrations.add_token(connection, token, content, now=now)
            await record(connection, event)
        report(event)
        return self._codec.encode(token)

    async def list(self) -> Sequence[InitialToken]:
        """Return all tokens, the oldest first, including used and expired ones."""
        async with self._database.connection() as connection:
            return await registrations.list_tokens(connection)

    async def delete(self, token_id: UUID) -> None:
        """Delete a token; clients that registered with it stay. Raises ``RegistrationTokenNotFoundError``."""
        event = RegistrationTokenChanged(user_id=None, token_id=token_id, change="removed")
        async with self._database.transaction() as connection:
            if not await registrations.remove_token(connection, token_id):
                raise RegistrationTokenNotFoundError
            await record(connection, event)
        report(event)


def _checked(content: InitialTokenContent) -> InitialTokenContent:
    if not 1 <= content.uses <= MAXIMUM_USES or not timedelta(0) < content.life <= LONGEST_LIFE:
        raise InvalidInitialTokenError
    scopes = checked_scopes(content.scopes)
    if ACCOUNT_SCOPE in scopes or not scopes:
        raise InvalidClientScopesError
    return dataclasses.replace(
        content, name=checked_name(content.name), scopes=scopes, resources=checked_resources(content.resources)
    )
