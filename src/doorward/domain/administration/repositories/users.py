"""The SQL of single users for administrators: the table ``users``."""

from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from doorward.domain.administration.models import AdministeredUser, TargetUser
from doorward.domain.administration.repositories import Connection


async def find_target_user(connection: Connection, user_id: UUID) -> TargetUser | None:
    """Find the user on whom an administrator acts, with the scopes of the present roles. The user was locked before."""
    async with connection.cursor(row_factory=class_row(TargetUser)) as cursor:
        await cursor.execute(
            """
            SELECT id AS user_id, is_active, roles,
                   ARRAY(SELECT DISTINCT unnest(scopes) FROM roles WHERE name = ANY(users.roles)) AS scopes,
                   email, username, version, session_epoch, email_verified_at IS NOT NULL AS is_verified
            FROM users
            WHERE id = %(user_id)s
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def find_user(connection: Connection, user_id: UUID) -> AdministeredUser | None:
    """Find a user by the id."""
    async with connection.cursor(row_factory=class_row(AdministeredUser)) as cursor:
        await cursor.execute(
            """
            SELECT id, email, email_verified_at, email_bounced_at, username, is_active, roles, locale, external_id,
                   password_hash IS NOT NULL AS has_password, must_change_password, deletion_due_at, created_at,
                   updated_at, version, second_factor AS second_factors,
                   ARRAY(
                       SELECT jsonb_build_object('issuer', issuer, 'subject', subject)
                       FROM federated_identities
                       WHERE federated_identities.user_id = users.id
                       ORDER BY issuer, subject
                   ) AS identities
            FROM users
            WHERE id = %(user_id)s
            """,
            {"user_id": user_id},
        )
        return await cursor.fetchone()


async def update_locale(connection: Connection, user_id: UUID, locale: str | None) -> None:
    """Store the language of a user's mails; None stands for the service's default."""
    await connection.execute(
        """
        UPDATE users
        SET locale = %(locale)s,
            version = version + 1
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id, "locale": locale},
    )


async def update_external_id(connection: Connection, user_id: UUID, external_id: str | None) -> bool:
    """Store the id that another system gave a user; return False if another user has it: then end the transaction.

    The condition detects a taken id without an error, because PostgreSQL's log shows the key of a violated constraint.
    The constraint decides only between concurrent changes.
    """
    try:
        cursor = await connection.execute(
            """
            UPDATE users
            SET external_id = %(external_id)s,
                version = version + 1
            WHERE id = %(user_id)s
              AND NOT EXISTS (
                  SELECT
                  FROM users AS other
                  WHERE other.external_id = %(external_id)s
                    AND other.id <> %(user_id)s
              )
            """,
            {"user_id": user_id, "external_id": external_id},
        )
    except UniqueViolation:
        return False
    return cursor.rowcount == 1


async def end_password(connection: Connection, user_id: UUID) -> None:
    """Mark the password as to be replaced, so that it no longer signs in, and end all sessions of the user."""
    await connection.execute(
        """
        UPDATE users
        SET must_change_password = true,
            session_epoch = session_epoch + 1,
            version = version + 1
        WHERE id = %(user_id)s
        """,
        {"user_id": user_id},
    )
