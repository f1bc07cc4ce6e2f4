"""Second factors: which kinds a user has, secrets of authenticator applications, recovery codes, trusted devices."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add columns that are null or constant, so that no row is written, and create the tables."""
    # In the row of the user, because every login needs the kinds: a login without a factor reads no other table.
    op.execute("ALTER TABLE users ADD COLUMN second_factor text[] NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE devices ADD COLUMN trusted_at timestamptz")
    op.execute(
        """
        CREATE TABLE totp_factors (
            user_id uuid CONSTRAINT totp_factors_pkey PRIMARY KEY
                CONSTRAINT totp_factors_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            id uuid NOT NULL,
            sealed_secret bytea NOT NULL,
            last_step bigint NOT NULL,
            created_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE recovery_codes (
            user_id uuid NOT NULL
                CONSTRAINT recovery_codes_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            code_mac bytea NOT NULL
                CONSTRAINT recovery_codes_code_mac_check CHECK (octet_length(code_mac) = 32),
            created_at timestamptz NOT NULL,
            CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_mac)
        )
        """
    )
