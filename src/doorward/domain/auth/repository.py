"""All SQL of the auth domain: one function a query, called by the use cases with the connection to run it on."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from doorward.domain.auth.models import NewFamily, RefreshFamily, RevocationReason, SessionUser, StoredCredentials, User
from doorward.domain.auth.refresh_token import RefreshToken, hash_secret

Connection = AsyncConnection[Any]


async def add_user(connection: Connection, user: User, *, email_key: str, password_hash: str) -> None:
    """Store a new account, if its address and its name are free: ``lock_holder`` tells.

    The column ``email`` is the address's key. A conflict is no error to PostgreSQL: its log would show the address.
    """
    keys = {"email_key": email_key, "username_key": user.username.lower()}
    await connection.execute(
        """
        INSERT INTO users (id, email, email_as_typed, username, username_key, password_hash, is_active)
        VALUES (%(id)s, %(email_key)s, %(email)s, %(username)s, %(username_key)s, %(password_hash)s, %(is_active)s)
        ON CONFLICT DO NOTHING
        """,
        {**asdict(user), **keys, "password_hash": password_hash},
    )


async def lock_holder(connection: Connection, *, email_key: str, username_key: str) -> tuple[UUID, bool] | None:
    """Hold the account that has this address, or else this name; return its id, and whether it has the address."""
    cursor = await connection.execute(
        """
        SELECT id, email = %(email_key)s AS has_email
        FROM users
        WHERE email = %(email_key)s OR username_key = %(username_key)s
        ORDER BY has_email DESC
        LIMIT 1
        FOR KEY SHARE
        """,
        {"email_key": email_key, "username_key": username_key},
    )
    return await cursor.fetchone()


async def find_credentials(connection: Connection, identifier: str) -> StoredCredentials | None:
    """Find what a login by canonical user name or e-mail address is checked against."""
    async with connection.cursor(row_factory=class_row(StoredCredentials)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, password_hash, is_active
            FROM users
            WHERE email = %(identifier)s OR username_key = %(identifier)s
            """,
            {"identifier": identifier},
        )
        return await cursor.fetchone()


async def find_user(connection: Connection, identifier: str) -> User | None:
    """Find the account of a canonical user name or e-mail address. No name is an address: addresses have an @."""
    async with connection.cursor(row_factory=class_row(User)) as cursor:
        await cursor.execute(
            """
            SELECT id, COALESCE(email_as_typed, email) AS email, username, is_active
            FROM users
            WHERE email = %(identifier)s OR username_key = %(identifier)s
            """,
            {"identifier": identifier},
        )
        return await cursor.fetchone()


async def lock_active_user(connection: Connection, user_id: UUID) -> bool:
    """Hold the account as it is until the transaction ends; tell whether it is active.

    A deactivation waits for this lock, so it cannot miss a session that begins meanwhile. One login of a user holds
    it at a time: a shared lock would let two of them wait for each other when both replace the password hash.
    """
    cursor = await connection.execute(
        """
        SELECT id
        FROM users
        WHERE id = %(user_id)s
          AND is_active
        FOR NO KEY UPDATE
        """,
        {"user_id": user_id},
    )
    return await cursor.fetchone() is not None


async def update_password_hash(connection: Connection, user_id: UUID, *, old: str, new: str) -> None:
    """Replace the hash that was checked; one that was changed meanwhile stays."""
    await connection.execute(
        """
        UPDATE users
        SET password_hash = %(new)s
        WHERE id = %(user_id)s
          AND password_hash = %(old)s
        """,
        {"user_id": user_id, "old": old, "new": new},
    )


async def update_user_active(connection: Connection, user_id: UUID, *, is_active: bool) -> bool:
    """Bar an account or open it; tell whether it is there."""
    cursor = await connection.execute(
        """
        UPDATE users
        SET is_active = %(is_active)s
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id, "is_active": is_active},
    )
    return cursor.rowcount == 1


async def add_family(connection: Connection, family: NewFamily) -> None:
    """Store a new session, at generation 0."""
    await connection.execute(
        """
        INSERT INTO refresh_families (
            id, user_id, secret_hash, generation, created_at, rotated_at, expires_at, session_expires_at
        )
        VALUES (
            %(id)s, %(user_id)s, %(secret_hash)s, 0,
            %(created_at)s, %(created_at)s, %(expires_at)s, %(session_expires_at)s
        )
        """,
        asdict(family),
    )


async def consume_refresh_tokens(
    connection: Connection, tokens: Sequence[RefreshToken], *, now: datetime, idle_expires_at: datetime, until: datetime
) -> list[UUID | None]:
    """Rotate the families of those tokens that are current, if they are live; return the user's id, or None, for each.

    Of many calls with one token exactly one gets the id: a statement updates a row once. Rows that others have locked
    get None, without waiting. From ``until`` on nothing is rotated. No indexed column is changed (a HOT update).
    """
    cursor = await connection.execute(
        """
        WITH live AS (
            SELECT refresh_families.id, token.position
            FROM unnest(%(ids)s::uuid[], %(generations)s::bigint[], %(secret_hashes)s::bytea[])
                WITH ORDINALITY AS token (id, generation, secret_hash, position)
            JOIN refresh_families USING (id, generation, secret_hash)
            JOIN users ON users.id = refresh_families.user_id AND users.is_active
            WHERE refresh_families.id = ANY(%(ids)s)
              AND refresh_families.revoked_at IS NULL AND clock_timestamp() < %(until)s
              AND refresh_families.expires_at > %(now)s
            FOR NO KEY UPDATE OF refresh_families SKIP LOCKED
        )
        UPDATE refresh_families
        SET generation = generation + 1,
            rotated_at = %(now)s,
            expires_at = LEAST(%(idle_expires_at)s, session_expires_at)
        FROM live
        WHERE refresh_families.id = live.id
        RETURNING live.position, refresh_families.user_id
        """,
        {
            "ids": [token.family_id for token in tokens],
            "generations": [token.generation for token in tokens],
            "secret_hashes": [hash_secret(token.secret) for token in tokens],
            "now": now,
            "idle_expires_at": idle_expires_at,
            "until": until,
        },
    )
    user_of_position: dict[int, UUID] = dict(await cursor.fetchall())
    return [user_of_position.get(position) for position, _ in enumerate(tokens, start=1)]


async def lock_family(connection: Connection, family_id: UUID) -> RefreshFamily | None:
    """Find a family and hold it until the transaction ends."""
    async with connection.cursor(row_factory=class_row(RefreshFamily)) as cursor:
        await cursor.execute(
            """
            SELECT refresh_families.id, refresh_families.user_id,
                   refresh_families.generation, refresh_families.secret_hash,
                   refresh_families.rotated_at, refresh_families.expires_at, refresh_families.revoked_at,
                   users.is_active AS user_is_active
            FROM refresh_families
            JOIN users ON users.id = refresh_families.user_id
            WHERE refresh_families.id = %(family_id)s
            FOR UPDATE OF refresh_families
            """,
            {"family_id": family_id},
        )
        return await cursor.fetchone()


async def update_family_revoked(
    connection: Connection, token: RefreshToken, *, now: datetime, reason: RevocationReason
) -> bool:
    """End the family that the token belongs to, whichever generation it is; tell whether it was live till now."""
    cursor = await connection.execute(
        """
        UPDATE refresh_families
        SET revoked_at = %(now)s,
            revoked_reason = %(reason)s
        WHERE id = %(family_id)s
          AND secret_hash = %(secret_hash)s
          AND revoked_at IS NULL
        """,
        {"family_id": token.family_id, "secret_hash": hash_secret(token.secret), "now": now, "reason": reason.value},
    )
    return cursor.rowcount == 1


async def list_session_users(connection: Connection, ids: Collection[UUID], *, now: datetime) -> list[SessionUser]:
    """Find the users of those of the sessions that are live, if they are active."""
    async with connection.cursor(row_factory=class_row(SessionUser)) as cursor:
        await cursor.execute(
            """
            SELECT users.id, COALESCE(users.email_as_typed, users.email) AS email, users.username, users.is_active,
                   refresh_families.id AS session_id
            FROM refresh_families
            JOIN users ON users.id = refresh_families.user_id
            WHERE refresh_families.id = ANY(%(session_ids)s)
              AND refresh_families.revoked_at IS NULL
              AND refresh_families.expires_at > %(now)s
              AND users.is_active
            """,
            {"session_ids": list(ids), "now": now},
        )
        return await cursor.fetchall()


async def count_family_pages(connection: Connection) -> int:
    """Return how many pages of the table there are to walk."""
    size = await connection.execute(
        "SELECT pg_catalog.pg_relation_size('refresh_families') / current_setting('block_size')::int"
    )
    row = await size.fetchone()
    return int(row[0]) if row else 0


async def remove_dead_families(connection: Connection, *, first_page: int, end_page: int, dead_before: datetime) -> int:
    """Remove the families of some pages that ended before a moment, but for rows that somebody holds; return how many.

    By place: an index on what changes with each rotation would cost every rotation its HOT update.
    """
    cursor = await connection.execute(
        """
        WITH dead AS (
            SELECT id
            FROM refresh_families
            WHERE ctid >= %(first)s::tid AND ctid < %(end)s::tid
              AND LEAST(expires_at, revoked_at) < %(dead_before)s
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM refresh_families
        USING dead
        WHERE refresh_families.id = dead.id
        """,
        {"first": f"({first_page},0)", "end": f"({end_page},0)", "dead_before": dead_before},
    )
    return cursor.rowcount


async def update_families_revoked(
    connection: Connection,
    *,
    user_id: UUID | None = None,
    after: UUID = UUID(int=0),  # noqa: B008 - never changes
    limit: int | None = None,
    now: datetime,
    reason: RevocationReason,
) -> list[UUID]:
    """End the next families of a user, or of everybody, in the order of their ids; return them."""
    cursor = await connection.execute(
        """
        WITH live AS (
            SELECT id
            FROM refresh_families
            WHERE id > %(after)s
              AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s)
              AND revoked_at IS NULL
            ORDER BY id
            LIMIT %(limit)s
            FOR UPDATE
        )
        UPDATE refresh_families
        SET revoked_at = %(now)s,
            revoked_reason = %(reason)s
        FROM live
        WHERE refresh_families.id = live.id
        RETURNING refresh_families.id
        """,
        {"user_id": user_id, "after": after, "limit": limit, "now": now, "reason": reason.value},
    )
    return [row[0] for row in await cursor.fetchall()]
