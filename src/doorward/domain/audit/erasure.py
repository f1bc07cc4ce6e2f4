"""Remove from the audit log what is personal of one user. The entries stay, with ids that name a user no more."""

from uuid import UUID

from doorward.domain.audit import repository


async def erase_personal_facts(connection: repository.Connection, user_id: UUID) -> int:
    """Remove addresses and the ids that clients gave their requests, in the transaction that deletes the user.

    The messages that wait for their receivers lose those ids, too. Return of how many entries.
    """
    await repository.remove_correlation_ids(connection, user_id)
    await repository.allow_erasure(connection)
    return await repository.remove_personal_facts(connection, user_id)
