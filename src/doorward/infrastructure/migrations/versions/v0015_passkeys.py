"""Passkeys: the public keys of authenticators."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table."""
    # A credential belongs to one account. The fill factor leaves room for the counter and the time of each use.
    op.execute(
        """
        CREATE TABLE passkeys (
            id uuid CONSTRAINT passkeys_pkey PRIMARY KEY,
            user_id uuid NOT NULL
                CONSTRAINT passkeys_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            credential_id bytea NOT NULL
                CONSTRAINT passkeys_credential_id_key UNIQUE
                CONSTRAINT passkeys_credential_id_check CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
            public_key bytea NOT NULL,
            sign_count bigint NOT NULL,
            relying_party_id text NOT NULL,
            name text NOT NULL,
            transports text[] NOT NULL,
            is_backup_eligible boolean NOT NULL,
            is_backed_up boolean NOT NULL,
            created_at timestamptz NOT NULL,
            last_used_at timestamptz,
            suspended_at timestamptz
        ) WITH (fillfactor = 80)
        """
    )
    op.execute(
        """
        CREATE INDEX passkeys_user_id_idx ON passkeys (user_id)
        """
    )
