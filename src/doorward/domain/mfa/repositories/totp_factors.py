"""The SQL of the table ``totp_factors``: one authenticator application per user."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from psycopg.rows import class_row

from doorward.domain.mfa.models import NewTotpFactor, TotpFactor
from doorward.domain.mfa.repositories import Connection


async def find_factor(connection: Connection, user_id: UUID) -> TotpFactor | None:
    """Find the application of a user."""
    async with connection.cursor(row_factory=class_row(TotpFactor)) as cursor:
        await cursor.execute(
            """
            SELECT sealed_secret, last_step
            FROM totp_factors
            WHERE user_id = %(user_id)s
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def add_factor(connection: Connection, factor: NewTotpFactor) -> bool:
    """Store an application if the user, whose row is locked, has none; return whether it was stored."""
    cursor = await connection.execute(
        """
        INSERT INTO totp_factors (user_id, id, sealed_secret, last_step, created_at)
        VALUES (%(user_id)s, %(id)s, %(sealed_secret)s, %(last_step)s, %(created_at)s)
        ON CONFLICT ON CONSTRAINT totp_factors_pkey DO NOTHING
        """,
        asdict(factor),
    )
    return cursor.rowcount == 1


async def replace_factor(connection: Connection, factor: NewTotpFactor) -> None:
    """Replace the application of a user, whose row is locked."""
    await connection.execute(
        """
        UPDATE totp_factors
        SET id = %(id)s,
            sealed_secret = %(sealed_secret)s,
            last_step = %(last_step)s,
            created_at = %(created_at)s
        WHERE user_id = %(user_id)s
        """,
        asdict(factor),
    )


async def consume_step(connection: Connection, user_id: UUID, *, sealed_secret: bytes, step: int) -> bool:
    """Store that the code of a step was used; return False if this or a later step was used before.

    ``sealed_secret`` is the secret against which the code was checked: the application may have been replaced since.
    """
    cursor = await connection.execute(
        """
        UPDATE totp_factors
        SET last_step = %(step)s
        WHERE user_id = %(user_id)s
          AND sealed_secret = %(sealed_secret)s
          AND last_step < %(step)s
        """,
        {"user_id": user_id, "sealed_secret": sealed_secret, "step": step},
    )
    return cursor.rowcount == 1


async def remove_factor(connection: Connection, user_id: UUID) -> bool:
    """Remove the application of a user; return whether there was one."""
    cursor = await connection.execute(
        """
        DELETE FROM totp_factors
        WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    )
    return cursor.rowcount == 1


async def list_sealed(connection: Connection, *, after: UUID, limit: int) -> Sequence[tuple[UUID, bytes]]:
    """Find the next sealed secrets, ordered by user id."""
    cursor = await connection.execute(
        """
        SELECT user_id, sealed_secret
        FROM totp_factors
        WHERE user_id > %(after)s
        ORDER BY user_id
        LIMIT %(limit)s
        """,
        {"after": after, "limit": limit},
    )
    return await cursor.fetchall()


async def replace_sealed(connection: Connection, user_id: UUID, *, old: bytes, new: bytes) -> bool:
    """Replace a sealed secret by the same one under another key, unless it was changed; return whether it was."""
    cursor = await connection.execute(
        """
        UPDATE totp_factors
        SET sealed_secret = %(new)s
        WHERE user_id = %(user_id)s
          AND sealed_secret = %(old)s
        """,
        {"user_id": user_id, "old": old, "new": new},
    )
    return cursor.rowcount == 1
