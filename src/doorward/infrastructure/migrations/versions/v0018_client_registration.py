"""Clients that register themselves (RFC 7591): the tokens that allow it, and by which each client changes itself."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Create two tables. No existing row is written, and the lock on the clients is held for a moment."""
    op.execute(
        """
        CREATE TABLE oauth_registration_tokens (
            id uuid CONSTRAINT oauth_registration_tokens_pkey PRIMARY KEY,
            secret_hash bytea NOT NULL
                CONSTRAINT oauth_registration_tokens_secret_hash_check CHECK (octet_length(secret_hash) = 32),
            name text NOT NULL,
            scopes text[] NOT NULL,
            resources text[] NOT NULL,
            uses_left integer NOT NULL
                CONSTRAINT oauth_registration_tokens_uses_left_check CHECK (uses_left >= 0),
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE oauth_registered_clients (
            id uuid CONSTRAINT oauth_registered_clients_pkey PRIMARY KEY,
            client_id text NOT NULL
                CONSTRAINT oauth_registered_clients_client_id_key UNIQUE
                CONSTRAINT oauth_registered_clients_client_id_fkey
                    REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
            secret_hash bytea NOT NULL
                CONSTRAINT oauth_registered_clients_secret_hash_check CHECK (octet_length(secret_hash) = 32),
            scopes text[] NOT NULL,
            resources text[] NOT NULL
        )
        """
    )
