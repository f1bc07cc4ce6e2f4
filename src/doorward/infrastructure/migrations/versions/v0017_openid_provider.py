"""The OpenID provider: sessions of browsers, authorization codes, consents, and what clients need for them."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add columns that are null or constant, so that no row is written, and create the tables."""
    _create_browser_sessions()
    _change_clients()
    _create_codes()
    _create_consents()
    _change_sessions()


def _create_browser_sessions() -> None:
    # The fill factor leaves room for the time of the last use. A session that ends is removed, with its codes.
    op.execute(
        """
        CREATE TABLE browser_sessions (
            id uuid CONSTRAINT browser_sessions_pkey PRIMARY KEY,
            user_id uuid NOT NULL
                CONSTRAINT browser_sessions_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            epoch integer NOT NULL,
            secret_hash bytea NOT NULL
                CONSTRAINT browser_sessions_secret_hash_check CHECK (octet_length(secret_hash) = 32),
            amr text[] NOT NULL,
            acr smallint NOT NULL,
            authenticated_at timestamptz NOT NULL,
            is_kept boolean NOT NULL,
            user_agent text,
            address text,
            created_at timestamptz NOT NULL,
            seen_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL
        ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01)
        """
    )
    op.execute("CREATE INDEX browser_sessions_user_id_idx ON browser_sessions (user_id)")


def _change_clients() -> None:
    op.execute(
        """
        ALTER TABLE oauth_clients
            ADD COLUMN redirect_uris text[] NOT NULL DEFAULT '{}',
            ADD COLUMN post_logout_uris text[] NOT NULL DEFAULT '{}',
            ADD COLUMN id_token_algorithm text NOT NULL DEFAULT 'RS256'
                CONSTRAINT oauth_clients_id_token_algorithm_check CHECK (id_token_algorithm IN ('ES256', 'RS256')),
            ADD COLUMN requires_pkce boolean NOT NULL DEFAULT true,
            ADD COLUMN is_first_party boolean NOT NULL DEFAULT false
        """
    )


def _create_codes() -> None:
    # A code that is redeemed is removed. Its id becomes that of the session, which keeps the hash of its secret.
    op.execute(
        """
        CREATE TABLE oauth_codes (
            id uuid CONSTRAINT oauth_codes_pkey PRIMARY KEY,
            secret_hash bytea NOT NULL
                CONSTRAINT oauth_codes_secret_hash_check CHECK (octet_length(secret_hash) = 32),
            client_id text NOT NULL
                CONSTRAINT oauth_codes_client_id_fkey REFERENCES oauth_clients ON DELETE CASCADE,
            user_id uuid NOT NULL
                CONSTRAINT oauth_codes_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            browser_session_id uuid NOT NULL
                CONSTRAINT oauth_codes_browser_session_id_fkey REFERENCES browser_sessions ON DELETE CASCADE,
            epoch integer NOT NULL,
            redirect_uri text NOT NULL,
            scopes text[] NOT NULL,
            resource text,
            nonce text,
            code_challenge text,
            amr text[] NOT NULL,
            acr smallint NOT NULL,
            authenticated_at timestamptz NOT NULL,
            session_ends_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL
        ) WITH (autovacuum_vacuum_scale_factor = 0.01)
        """
    )
    op.execute("CREATE INDEX oauth_codes_user_id_idx ON oauth_codes (user_id)")
    op.execute("CREATE INDEX oauth_codes_browser_session_id_idx ON oauth_codes (browser_session_id)")
    op.execute("CREATE INDEX oauth_codes_client_id_idx ON oauth_codes (client_id)")


def _create_consents() -> None:
    op.execute(
        """
        CREATE TABLE oauth_consents (
            user_id uuid NOT NULL
                CONSTRAINT oauth_consents_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            client_id text NOT NULL
                CONSTRAINT oauth_consents_client_id_fkey REFERENCES oauth_clients ON DELETE CASCADE,
            scopes text[] NOT NULL,
            granted_at timestamptz NOT NULL,
            CONSTRAINT oauth_consents_pkey PRIMARY KEY (user_id, client_id)
        )
        """
    )
    op.execute("CREATE INDEX oauth_consents_client_id_idx ON oauth_consents (client_id)")


def _change_sessions() -> None:
    # No foreign key and no index: a statement that ends a browser's session knows the user, and ends these with it.
    op.execute(
        """
        ALTER TABLE sessions
            ADD COLUMN browser_session_id uuid,
            ADD COLUMN is_offline boolean NOT NULL DEFAULT false,
            ADD COLUMN code_secret_hash bytea
        """
    )
