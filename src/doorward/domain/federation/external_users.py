"""Use case: the local user of a foreign subject, made when it is first needed."""

from uuid import uuid4

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.devices import AddressDetail, recorded_address
from doorward.domain.federation.events import ExternalUserCreated
from doorward.domain.federation.models import ExternalUser, ForeignToken
from doorward.domain.federation.policy import new_external_username
from doorward.domain.federation.repositories import Connection, identities
from doorward.observability.logging import report
from doorward.observability.request_context import current_client


class ExternalUsers:
    """Knows the local users of foreign subjects, by issuer and subject alone: an e-mail address links nothing."""

    def __init__(self, *, database: Database[Connection], clock: Clock, address_detail: AddressDetail) -> None:
        """Take the database, the time, and what addresses may show."""
        self._database = database
        self._clock = clock
        self._address_detail: AddressDetail = address_detail

    async def user_of(self, token: ForeignToken) -> ExternalUser | None:
        """Return the subject's local user, who is made if there is none and the token allows anything.

        Of first requests at the same moment, all return the same user.
        """
        async with self._database.connection() as connection:
            user = await identities.find_user(connection, token.issuer, token.subject)
        return user if user is not None or not token.scopes else await self._make(token)

    async def _make(self, token: ForeignToken) -> ExternalUser | None:
        user = ExternalUser(uuid4(), is_active=True)
        event = ExternalUserCreated(user_id=user.user_id)
        async with self._database.transaction() as connection:
            is_new = await identities.add_user(
                connection,
                user.user_id,
                issuer=token.issuer,
                subject=token.subject,
                username=new_external_username(),
                now=self._clock.now(),
            )
            if not is_new:
                # Another request has made it meanwhile.
                return await identities.find_user(connection, token.issuer, token.subject)
            await record(connection, event, address=recorded_address(current_client(), self._address_detail))
        report(event)
        return user
