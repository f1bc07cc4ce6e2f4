"""The SQL of the table ``passkeys``. The caller of a function that writes must have locked the user's row."""

from collections.abc import AsyncGenerator
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from doorward.core.frozen import frozen
from doorward.domain.passkeys.models import NewPasskey, Passkey, StoredCredential

Connection = AsyncConnection[Any]


@frozen
class ExportedPasskey:
    """A passkey in the data export. The key and its id belong to the authenticator."""

    name: str
    created_at: datetime
    last_used_at: datetime | None
    suspended_at: datetime | None


async def add_passkey(connection: Connection, passkey: NewPasskey) -> bool:
    """Store a passkey; return False if its credential is registered already, for this or another user.

    If another transaction is storing the same credential, this waits for it.
    """
    cursor = await connection.execute(
        """
        INSERT INTO passkeys (
            id, user_id, credential_id, public_key, sign_count, relying_party_id, name, transports,
            is_backup_eligible, is_backed_up, created_at
        )
        VALUES (
            %(id)s, %(user_id)s, %(credential_id)s, %(public_key)s, %(sign_count)s, %(relying_party_id)s, %(name)s,
            %(transports)s, %(is_backup_eligible)s, %(is_backed_up)s, %(created_at)s
        )
        ON CONFLICT ON CONSTRAINT passkeys_credential_id_key DO NOTHING
        """,
        {**asdict(passkey), "transports": list(passkey.transports)},
    )
    return cursor.rowcount == 1


async def list_passkeys(connection: Connection, user_id: UUID) -> list[Passkey]:
    """Find the passkeys of a user, the oldest first."""
    async with connection.cursor(row_factory=class_row(Passkey)) as cursor:
        await cursor.execute(
            """
            SELECT id, credential_id, relying_party_id, name, transports, is_backed_up, created_at, last_used_at,
                   suspended_at
            FROM passkeys
            WHERE user_id = %(user_id)s
            ORDER BY created_at, id
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchall()


async def find_credential(connection: Connection, credential_id: bytes) -> StoredCredential | None:
    """Find the passkey with this credential id."""
    async with connection.cursor(row_factory=class_row(StoredCredential)) as cursor:
        await cursor.execute(
            """
            SELECT id, user_id, public_key, sign_count, relying_party_id, is_backup_eligible,
                   suspended_at IS NOT NULL AS is_suspended
            FROM passkeys
            WHERE credential_id = %(credential_id)s
            """,
            {"credential_id": credential_id},
        )
        return await cursor.fetchone()


async def update_use(
    connection: Connection, user_id: UUID, passkey_id: UUID, *, sign_count: int, is_backed_up: bool, now: datetime
) -> bool:
    """Store the use of a passkey; return False if it is suspended or gone, or its counter did not increase.

    Authenticators without a counter always send 0, which is accepted.
    """
    cursor = await connection.execute(
        """
        UPDATE passkeys
        SET sign_count = %(sign_count)s,
            is_backed_up = %(is_backed_up)s,
            last_used_at = %(now)s
        WHERE id = %(passkey_id)s
          AND user_id = %(user_id)s
          AND suspended_at IS NULL
          AND (sign_count < %(sign_count)s OR (sign_count = 0 AND %(sign_count)s = 0))
        """,
        {
            "passkey_id": passkey_id,
            "user_id": user_id,
            "sign_count": sign_count,
            "is_backed_up": is_backed_up,
            "now": now,
        },
    )
    return cursor.rowcount == 1


async def update_suspension(
    connection: Connection, user_id: UUID, passkey_id: UUID, *, sign_count: int, challenged_at: datetime, now: datetime
) -> bool:
    """Suspend a passkey whose counter did not increase; return whether this suspended it."""
    cursor = await connection.execute(
        """
        UPDATE passkeys
        SET suspended_at = %(now)s
        WHERE id = %(passkey_id)s
          AND user_id = %(user_id)s
          AND suspended_at IS NULL
          AND sign_count > 0
          AND sign_count >= %(sign_count)s
          AND (last_used_at IS NULL OR last_used_at <= %(challenged_at)s)
        """,
        {
            "passkey_id": passkey_id,
            "user_id": user_id,
            "sign_count": sign_count,
            "challenged_at": challenged_at,
            "now": now,
        },
    )
    return cursor.rowcount == 1


async def update_name(connection: Connection, user_id: UUID, passkey_id: UUID, *, name: str | None) -> Passkey | None:
    """Rename a passkey of this user unless ``name`` is None, and return it; None if there is no such passkey."""
    async with connection.cursor(row_factory=class_row(Passkey)) as cursor:
        await cursor.execute(
            """
            UPDATE passkeys
            SET name = coalesce(%(name)s, name)
            WHERE id = %(passkey_id)s
              AND user_id = %(user_id)s
            RETURNING id, credential_id, relying_party_id, name, transports, is_backed_up, created_at, last_used_at,
                      suspended_at
            """,
            {"user_id": user_id, "passkey_id": passkey_id, "name": name},
        )
        return await cursor.fetchone()


async def remove_passkey(connection: Connection, user_id: UUID, passkey_id: UUID) -> bool:
    """Remove a passkey of this user; return whether it existed."""
    cursor = await connection.execute(
        """
        DELETE FROM passkeys
        WHERE id = %(passkey_id)s
          AND user_id = %(user_id)s
        """,
        {"user_id": user_id, "passkey_id": passkey_id},
    )
    return cursor.rowcount == 1


async def remove_passkeys(connection: Connection, user_id: UUID) -> int:
    """Remove all passkeys of a user; return how many there were."""
    cursor = await connection.execute(
        """
        DELETE FROM passkeys
        WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    )
    return cursor.rowcount


async def list_exported_passkeys(connection: Connection, user_id: UUID) -> AsyncGenerator[ExportedPasskey]:
    """Stream the passkeys of a user for the data export. The server-side cursor needs a transaction."""
    async with connection.cursor("passkeys_of_user", row_factory=class_row(ExportedPasskey)) as cursor:
        await cursor.execute(
            """
            SELECT name, created_at, last_used_at, suspended_at
            FROM passkeys
            WHERE user_id = %(user_id)s
            ORDER BY created_at, id
            """,
            {"user_id": user_id},
        )
        async for passkey in cursor:
            yield passkey
