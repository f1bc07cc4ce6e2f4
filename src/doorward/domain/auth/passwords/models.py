"""The stored passwords of accounts. No I/O."""

from dataclasses import field
from uuid import UUID

from doorward.core.frozen import frozen


@frozen
class SessionPassword:
    """The password hash of the user of a session that has not ended; None for a user without a password."""

    password_hash: str | None = field(repr=False)


@frozen
class StoredPasswords:
    """An account's password hash, for each use; None for a use that the account's state does not allow."""

    user_id: UUID
    session_epoch: int
    of_active: str | None = field(repr=False)
    of_restorable: str | None = field(repr=False)
    """For restoring the account, while its deletion is scheduled and its owner can cancel it."""
