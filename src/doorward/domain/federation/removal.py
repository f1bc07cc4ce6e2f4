"""Use case: unlink all identities of a user whose account is recovered by the owner of its address."""

from collections.abc import Sequence
from uuid import UUID

from doorward.domain.audit.recording import record
from doorward.domain.federation.events import IdentityUnlinked
from doorward.domain.federation.models import IssuerName
from doorward.domain.federation.repositories import Connection, identities


class IdentityRemoval:
    """Removes linked identities in the transaction of another change."""

    async def remove(self, connection: Connection, user_id: UUID) -> Sequence[IdentityUnlinked]:
        """Unlink all identities of a user, whose row is locked; return the recorded events."""
        issuers = await identities.remove_identities(connection, user_id)
        events = [IdentityUnlinked(user_id=user_id, issuer=IssuerName(issuer)) for issuer in issuers]
        for event in events:
            await record(connection, event)
        return events
