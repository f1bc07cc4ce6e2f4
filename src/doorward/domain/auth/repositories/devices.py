"""The SQL of known devices: the table ``devices``. A device is known while its epoch is the user's."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from doorward.domain.auth.models import KnownDevice
from doorward.domain.auth.repositories import Connection


async def add_device(connection: Connection, device: KnownDevice) -> None:
    """Store a device, or update the time at which a stored one was last seen."""
    await connection.execute(
        """
        INSERT INTO devices AS device (user_id, id, epoch, secret_hash, created_at, seen_at, trusted_at)
        VALUES (%(user_id)s, %(id)s, %(epoch)s, %(secret_hash)s, %(seen_at)s, %(seen_at)s, %(trusted_at)s)
        ON CONFLICT (user_id, id) DO UPDATE
        SET seen_at = excluded.seen_at,
            trusted_at = COALESCE(excluded.trusted_at, device.trusted_at)
        """,
        asdict(device),
    )


async def find_known_device(
    connection: Connection, user_id: UUID, *, device_id: UUID, secret_hash: bytes
) -> UUID | None:
    """Find a known device of the user's current epoch; return its id."""
    cursor = await connection.execute(
        """
        SELECT id
        FROM devices
        WHERE user_id = %(user_id)s
          AND id = %(device_id)s
          AND secret_hash = %(secret_hash)s
          AND epoch = (SELECT session_epoch FROM users WHERE users.id = %(user_id)s)
        """,
        {"user_id": user_id, "device_id": device_id, "secret_hash": secret_hash},
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def replace_devices(connection: Connection, device: KnownDevice) -> None:
    """Store the first device of the user's epoch in place of all that belong to another epoch."""
    await connection.execute(
        """
        WITH ended AS (
            DELETE FROM devices
            WHERE user_id = %(user_id)s
              AND epoch <> %(epoch)s
        )
        INSERT INTO devices (user_id, id, epoch, secret_hash, created_at, seen_at)
        VALUES (%(user_id)s, %(id)s, %(epoch)s, %(secret_hash)s, %(seen_at)s, %(seen_at)s)
        """,
        asdict(device),
    )


async def remove_surplus_devices(connection: Connection, device: KnownDevice, *, most: int) -> None:
    """Remove a user's oldest devices beyond ``most``. ``device``, which was just stored, stays.

    Devices of an earlier epoch are removed first, then devices that were seen only once: a program that does not keep
    its tokens displaces its own devices, not those of the person.
    """
    await connection.execute(
        """
        DELETE FROM devices
        USING (
            SELECT id
            FROM devices
            WHERE user_id = %(user_id)s
            ORDER BY id = %(id)s DESC, epoch = %(epoch)s DESC, seen_at > created_at DESC, seen_at DESC
            OFFSET %(most)s
        ) AS surplus
        WHERE devices.user_id = %(user_id)s
          AND devices.id = surplus.id
        """,
        {"user_id": device.user_id, "id": device.id, "epoch": device.epoch, "most": most},
    )


async def remove_silent_devices(connection: Connection, *, seen_before: datetime, limit: int) -> int:
    """Remove devices that were last seen before a moment, except locked rows; return how many."""
    cursor = await connection.execute(
        """
        WITH silent AS (
            SELECT user_id, id
            FROM devices
            WHERE seen_at < %(seen_before)s
            LIMIT %(limit)s
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM devices
        USING silent
        WHERE devices.user_id = silent.user_id
          AND devices.id = silent.id
        """,
        {"seen_before": seen_before, "limit": limit},
    )
    return cursor.rowcount
