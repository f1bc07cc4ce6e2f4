"""Remove the personal data of one user from the audit log. The entries stay, with the id of a user who is gone."""

from uuid import UUID

from doorward.domain.audit import repository


async def erase_personal_facts(connection: repository.Connection, user_id: UUID) -> int:
    """Remove client addresses and correlation ids, in the transaction that deletes the user.

    Correlation ids are also removed from stored messages. Return the number of changed entries.
    """
    await repository.remove_correlation_ids(connection, user_id)
    await repository.allow_erasure(connection)
    return await repository.remove_personal_facts(connection, user_id)
