"""What every change of second factors does to the user's row: the kinds that there are, and the end of all sessions."""

from collections.abc import Sequence
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen
from doorward.domain.auth.models import Account
from doorward.domain.auth.repositories import Connection, second_factors
from doorward.domain.auth.sessions.admission import SecondFactor


@frozen
class MadeCodes:
    """Recovery codes, which are shown this once. The event is recorded, and is to be reported after the commit."""

    codes: Sequence[str]
    event: AuditedEvent


async def add_kind(connection: Connection, user_id: UUID, kind: SecondFactor) -> Account:
    """Note that a locked user has a factor of this kind; return the account in the epoch that begins."""
    return await second_factors.replace_kinds(connection, user_id, added=[kind], removed=[])


async def remove_kinds(connection: Connection, user_id: UUID, *kinds: SecondFactor) -> Account:
    """Note that a locked user has no factor of these kinds any more; return the account in the epoch that begins."""
    return await second_factors.replace_kinds(connection, user_id, added=[], removed=list(kinds))
