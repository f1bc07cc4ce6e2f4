"""Users that a foreign issuer vouches for: they have neither password nor e-mail address."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Let users have no address, and create the table of what foreign issuers call them."""
    # Whoever signs in with a password has an address: sessions begin with one of those.
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
