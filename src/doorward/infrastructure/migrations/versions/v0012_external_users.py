"""Users of foreign issuers, who have neither a password nor an e-mail address."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Allow users without an address, and create the table of their identities at foreign issuers."""
    # A user with a password also has an address, because sign-in with a password needs both.
    op.execute(
        """
        ALTER TABLE users
            ALTER COLUMN email DROP NOT NULL,
            ALTER COLUMN email_key DROP NOT NULL,
            ADD CONSTRAINT users_email_check CHECK ((email IS NULL) = (email_key IS NULL)),
            ADD CONSTRAINT users_without_email_check
                CHECK (email IS NOT NULL OR (password_hash IS NULL AND email_verified_at IS NULL))
        """
    )
    op.execute(
        """
        CREATE TABLE federated_identities (
            issuer text NOT NULL,
            subject text NOT NULL,
            user_id uuid NOT NULL
                CONSTRAINT federated_identities_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            created_at timestamptz NOT NULL,
            CONSTRAINT federated_identities_pkey PRIMARY KEY (issuer, subject)
        )
        """
    )
    op.execute(
        """
        CREATE INDEX federated_identities_user_id_idx ON federated_identities (user_id)
        """
    )
