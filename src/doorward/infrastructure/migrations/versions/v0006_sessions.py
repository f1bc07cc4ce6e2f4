"""Rename families to sessions, with columns for later grants; add the epoch that ends all sessions of a user at once.

A session is live while its epoch equals that of its user. ``acr`` is 1 for one kind of factor, 2 for two different
kinds; ``amr`` has the methods of RFC 8176. The device of sessions that began before this version is unknown.

From here on, ``users.email`` is the address as it was typed, and ``email_key`` the form in which it is unique.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Rename the table and its parts, and add columns. Each row is written once."""
    _name_sessions()
    _extend_sessions()
    _extend_users()


def _name_sessions() -> None:
    op.execute("ALTER TABLE refresh_families RENAME TO sessions")
    op.execute("ALTER TABLE sessions RENAME COLUMN rotated_at TO refreshed_at")
    op.execute("ALTER TABLE sessions RENAME COLUMN revoked_at TO ended_at")
    op.execute("ALTER TABLE sessions RENAME COLUMN revoked_reason TO end_reason")
    op.execute("ALTER INDEX refresh_families_pkey RENAME TO sessions_pkey")
    op.execute("ALTER INDEX refresh_families_user_id_idx RENAME TO sessions_user_id_idx")
    op.execute("ALTER TABLE sessions RENAME CONSTRAINT refresh_families_user_id_fkey TO sessions_user_id_fkey")
    op.execute(
        """
        ALTER TABLE sessions
            RENAME CONSTRAINT refresh_families_secret_hash_check TO sessions_secret_hash_check
        """
    )
    op.execute(
        """
        ALTER TABLE sessions
            RENAME CONSTRAINT refresh_families_revoked_reason_check TO sessions_end_reason_check
        """
    )


def _extend_sessions() -> None:
    op.execute(
        """
        ALTER TABLE sessions
            ADD COLUMN epoch integer NOT NULL DEFAULT 0,
            ADD COLUMN client_id text NOT NULL DEFAULT 'doorward',
            ADD COLUMN scopes text[] NOT NULL DEFAULT '{account}',
            ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}',
            ADD COLUMN acr smallint NOT NULL DEFAULT 1,
            ADD COLUMN authenticated_at timestamptz,
            ADD COLUMN user_agent text,
            ADD COLUMN address text
        """
    )
    op.execute("UPDATE sessions SET authenticated_at = created_at")
    op.execute(
        """
        ALTER TABLE sessions
            ALTER COLUMN authenticated_at SET NOT NULL,
            ALTER COLUMN amr DROP DEFAULT,
            ALTER COLUMN acr DROP DEFAULT
        """
    )


def _extend_users() -> None:
    op.execute("ALTER TABLE users RENAME COLUMN email TO email_key")
    op.execute("ALTER TABLE users RENAME COLUMN email_as_typed TO email")
    op.execute("ALTER TABLE users RENAME CONSTRAINT users_email_key TO users_email_key_key")
    op.execute("UPDATE users SET email = email_key WHERE email IS NULL")
    op.execute(
        """
        ALTER TABLE users
            ALTER COLUMN email SET NOT NULL,
            ADD COLUMN session_epoch integer NOT NULL DEFAULT 0,
            ADD COLUMN version integer NOT NULL DEFAULT 1
        """
    )
