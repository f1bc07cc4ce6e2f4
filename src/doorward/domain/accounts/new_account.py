"""Add an account whose owner has answered a mail: its address is verified from the start."""

from collections.abc import Sequence
from datetime import datetime

from doorward.core.events import AuditedEvent
from doorward.domain.accounts.events import UserVerified
from doorward.domain.accounts.repositories import Connection
from doorward.domain.audit.recording import record
from doorward.domain.auth.models import User
from doorward.domain.auth.users.new_account import add_account


async def add_verified_account(
    connection: Connection, user: User, *, email_key: str, password_hash: str, now: datetime, address: str | None
) -> Sequence[AuditedEvent]:
    """Store the account in the caller's transaction; return the recorded events, to be reported after the commit.

    ``address`` is the part of the client's address that may be recorded. Raises ``EmailTakenError`` and
    ``UsernameTakenError``, which end the transaction.
    """
    registered = await add_account(
        connection, user, email_key=email_key, password_hash=password_hash, verified_at=now, address=address
    )
    verified = UserVerified(user_id=user.id)
    await record(connection, verified, address=address)
    return registered, verified
