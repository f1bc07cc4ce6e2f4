"""Changes of a user's second factors: each updates the kinds in the user's row, and ends all sessions."""

from collections.abc import Sequence
from dataclasses import field
from uuid import UUID

from doorward.core.events import AuditedEvent
from doorward.core.frozen import frozen
from doorward.domain.auth.models import LockedAccount
from doorward.domain.auth.repositories import Connection, second_factors
from doorward.domain.auth.sessions.admission import SecondFactor


@frozen
class MadeCodes:
    """New recovery codes, which are shown only once. The event is recorded; report it after the commit."""

    codes: Sequence[str] = field(repr=False)
    event: AuditedEvent


async def add_kind(connection: Connection, user_id: UUID, kind: SecondFactor) -> LockedAccount:
    """Add a kind of factor to a user, whose row is locked; return the account in its new epoch."""
    return await second_factors.replace_kinds(connection, user_id, added=[kind], removed=[])


async def remove_kinds(connection: Connection, user_id: UUID, *kinds: SecondFactor) -> LockedAccount:
    """Remove kinds of factors from a user, whose row is locked; return the account in its new epoch."""
    return await second_factors.replace_kinds(connection, user_id, added=[], removed=list(kinds))
