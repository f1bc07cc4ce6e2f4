"""Clients that register themselves (RFC 7591), and clients that authenticate with a key (RFC 7523)."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Create three tables, and allow a method. No existing row is written; the clients are locked for a moment."""
    _create_registrations()
    _create_keys()


def _create_registrations() -> None:
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


def _create_keys() -> None:
    op.execute("ALTER TABLE oauth_clients DROP CONSTRAINT oauth_clients_auth_method_check")
    op.execute(
        """
        ALTER TABLE oauth_clients ADD CONSTRAINT oauth_clients_auth_method_check
            CHECK (auth_method IN ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'))
        """
    )
    op.execute(
        """
        CREATE TABLE oauth_client_keys (
            client_id text CONSTRAINT oauth_client_keys_pkey PRIMARY KEY
                CONSTRAINT oauth_client_keys_client_id_fkey REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
            jwks text,
            jwks_uri text,
            CONSTRAINT oauth_client_keys_one_check CHECK (num_nonnulls(jwks, jwks_uri) = 1)
        )
        """
    )
