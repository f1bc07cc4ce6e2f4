"""Use case: the local user of a foreign subject, made when it is first needed."""

import secrets
from typing import Final
from uuid import UUID, uuid4

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.devices import AddressDetail, recorded_address
from doorward.domain.auth.identifiers import EXTERNAL_PREFIX
from doorward.domain.federation.events import ExternalUserCreated
from doorward.domain.federation.exceptions import ExternalUserInactiveError
from doorward.domain.federation.models import ForeignToken
from doorward.domain.federation.repositories import Connection, identities
from doorward.observability.logging import report
from doorward.observability.request_context import current_client

_NAME_LENGTH: Final = 20
_NAME_CHARACTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32: none is taken for another. Twenty of them are 100 bits."""


class ExternalUsers:
    """Knows the local users of foreign subjects, by issuer and subject alone: an e-mail address links nothing."""

    def __init__(self, *, database: Database[Connection], clock: Clock, address_detail: AddressDetail) -> None:
        """Take the database, the time, and what addresses may show."""
        self._database = database
        self._clock = clock
        self._address_detail: AddressDetail = address_detail

    async def user_of(self, token: ForeignToken) -> UUID | None:
        """Return the id of the subject's local user, who is made if there is none and the token allows anything.

        Of first requests at the same moment, all return the same user. Raises ``ExternalUserInactiveError``.
        """
        async with self._database.connection() as connection:
            user = await identities.find_user(connection, token.issuer, token.subject)
        if user is None:
            return await self._make(token) if token.scopes else None
        if not user.is_active:
            raise ExternalUserInactiveError
        return user.user_id

    async def _make(self, token: ForeignToken) -> UUID:
        user_id = uuid4()
        username = EXTERNAL_PREFIX + "".join(secrets.choice(_NAME_CHARACTERS) for _ in range(_NAME_LENGTH))
        event = ExternalUserCreated(user_id=user_id)
        async with self._database.transaction() as connection:
            is_new = await identities.add_user(
                connection,
                user_id,
                issuer=token.issuer,
                subject=token.subject,
                username=username,
                now=self._clock.now(),
            )
            if is_new:
                await record(connection, event, address=recorded_address(current_client(), self._address_detail))
            else:
                other = await identities.find_user(connection, token.issuer, token.subject)
        if is_new:
            report(event)
            return user_id
        if other is None or not other.is_active:
            # Deleted or deactivated in the moment after another request had made it.
            raise ExternalUserInactiveError
        return other.user_id
