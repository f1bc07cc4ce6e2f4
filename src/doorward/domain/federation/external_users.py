"""Use case: find the local user of a foreign subject, or create it when it is first needed."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from doorward.core.ports import Batching, Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.devices.recorded import AddressDetail, recorded_address
from doorward.domain.federation.events import ExternalUserCreated
from doorward.domain.federation.models import ExternalUser, ForeignSubject, ForeignToken
from doorward.domain.federation.policy import new_external_username
from doorward.domain.federation.repositories import Connection, identities
from doorward.observability.logging import report
from doorward.observability.request_context import current_client


class ExternalUsers:
    """Finds local users by issuer and subject alone, never by e-mail address.

    All requests of one subject together use no more connections than the batched look-ups, and one for the first
    request.
    """

    def __init__(
        self, *, database: Database[Connection], batching: Batching, clock: Clock, address_detail: AddressDetail
    ) -> None:
        self._database = database
        self._lookups = batching("identity_lookups", self._look_up)
        self._clock = clock
        self._address_detail: AddressDetail = address_detail
        self._first_requests: dict[ForeignSubject, asyncio.Task[ExternalUser | None]] = {}

    async def user_of(self, token: ForeignToken) -> ExternalUser | None:
        """Return the subject's local user; create it if there is none and the token has any scope.

        Concurrent first requests all return the same user.
        """
        subject = ForeignSubject(token.issuer, token.subject)
        user = await self._lookups.ask(subject)
        return user if user is not None or not token.scopes else await self._make_once(subject)

    async def _make_once(self, subject: ForeignSubject) -> ExternalUser | None:
        """Create a user. Concurrent first requests share the transaction, and its failure.

        The transaction runs in its own task, so that a cancelled request does not end it for the others.
        """
        making = self._first_requests.get(subject)
        if making is None:
            making = asyncio.create_task(self._make(subject))
            self._first_requests[subject] = making
            making.add_done_callback(lambda task: self._end_first_request(subject, task))
        return await asyncio.shield(making)

    def _end_first_request(self, subject: ForeignSubject, task: asyncio.Task[ExternalUser | None]) -> None:
        del self._first_requests[subject]
        if not task.cancelled():
            # If all requests were cancelled, asyncio would log the exception, which is reported already.
            task.exception()

    async def _make(self, subject: ForeignSubject) -> ExternalUser | None:
        user = ExternalUser(uuid4(), is_active=True)
        event = ExternalUserCreated(user_id=user.user_id)
        async with self._database.transaction() as connection:
            is_new = await identities.add_user(
                connection,
                user.user_id,
                issuer=subject.issuer,
                subject=subject.subject,
                username=new_external_username(),
                now=self._clock.now(),
            )
            if not is_new:
                # Another instance of the service has created it meanwhile.
                return (await identities.list_users(connection, [subject])).get(subject)
            await record(connection, event, address=recorded_address(current_client(), self._address_detail))
        report(event)
        return user

    async def _look_up(self, subjects: Sequence[ForeignSubject]) -> Sequence[ExternalUser | None]:
        async with self._database.connection() as connection:
            user_of = await identities.list_users(connection, list(set(subjects)))
        return [user_of.get(subject) for subject in subjects]
