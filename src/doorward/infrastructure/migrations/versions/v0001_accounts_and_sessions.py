"""Accounts, and refresh-token families: one row for each login on each device."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables."""
    _create_users()
    _create_refresh_families()


def _create_users() -> None:
    op.execute(
        """
        CREATE TABLE users (
            id uuid CONSTRAINT users_pkey PRIMARY KEY,
            email text NOT NULL CONSTRAINT users_email_key UNIQUE,
            username text NOT NULL,
            username_key text NOT NULL CONSTRAINT users_username_key_key UNIQUE,
            password_hash text NOT NULL,
            is_active boolean NOT NULL DEFAULT true,
            created_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )


def _create_refresh_families() -> None:
    # Free space in each page lets a rotation write the row's next version beside it (a HOT update).
    op.execute(
        """
        CREATE TABLE refresh_families (
            id uuid CONSTRAINT refresh_families_pkey PRIMARY KEY,
            user_id uuid NOT NULL
                CONSTRAINT refresh_families_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            secret_hash bytea NOT NULL,
            generation bigint NOT NULL,
            created_at timestamptz NOT NULL,
            rotated_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            session_expires_at timestamptz NOT NULL,
            revoked_at timestamptz,
            revoked_reason text,
            CONSTRAINT refresh_families_secret_hash_check CHECK (octet_length(secret_hash) = 32),
            CONSTRAINT refresh_families_revoked_reason_check
                CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
        ) WITH (fillfactor = 70)
        """
    )
    op.execute(
        """
        CREATE INDEX refresh_families_user_id_idx ON refresh_families (user_id)
        """
    )
