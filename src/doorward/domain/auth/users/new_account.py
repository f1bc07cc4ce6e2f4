"""Creation of an account by other domains, in a transaction of theirs."""

from datetime import datetime

from doorward.domain.audit.recording import record
from doorward.domain.auth.events import UserRegistered
from doorward.domain.auth.exceptions import EmailTakenError, UsernameTakenError
from doorward.domain.auth.models import User
from doorward.domain.auth.repositories import Connection, users


async def add_account(
    connection: Connection,
    user: User,
    *,
    email_key: str,
    password_hash: str,
    verified_at: datetime | None,
    address: str | None,
) -> UserRegistered:
    """Store an account in the caller's transaction; record its event and return it, to be reported after the commit.

    ``verified_at`` is when the e-mail address was verified; ``address`` is the part of the client's address that may be
    recorded. Of concurrent calls with one name or address, in any spelling, exactly one succeeds. Raises
    ``EmailTakenError`` and ``UsernameTakenError``, which end the transaction.
    """
    await users.add_user(connection, user, email_key=email_key, password_hash=password_hash, verified_at=verified_at)
    holder = await users.lock_holder(connection, email_key=email_key, username_key=user.username.lower())
    holder_id, has_email = holder or (None, False)
    if holder_id != user.id:
        raise EmailTakenError if has_email else UsernameTakenError
    event = UserRegistered(user_id=user.id)
    await record(connection, event, address=address)
    return event
