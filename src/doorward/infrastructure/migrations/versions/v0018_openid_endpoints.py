"""More endpoints of the OpenID provider: pushed authorization requests."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add columns that are constant, so that no row is written, and create the tables."""
    _change_clients()
    _create_pushed_requests()


def _change_clients() -> None:
    op.execute(
        """
        ALTER TABLE oauth_clients
            ADD COLUMN requires_pushed_requests boolean NOT NULL DEFAULT false
        """
    )


def _create_pushed_requests() -> None:
    # The first visit of a browser writes the row once: the fill factor leaves room for that.
    op.execute(
        """
        CREATE TABLE oauth_pushed_requests (
            id uuid CONSTRAINT oauth_pushed_requests_pkey PRIMARY KEY,
            secret_hash bytea NOT NULL
                CONSTRAINT oauth_pushed_requests_secret_hash_check CHECK (octet_length(secret_hash) = 32),
            client_id text NOT NULL
                CONSTRAINT oauth_pushed_requests_client_id_fkey REFERENCES oauth_clients ON DELETE CASCADE,
            parameters jsonb NOT NULL,
            browser_hash bytea
                CONSTRAINT oauth_pushed_requests_browser_hash_check CHECK (octet_length(browser_hash) = 32),
            expires_at timestamptz NOT NULL
        ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01)
        """
    )
    op.execute("CREATE INDEX oauth_pushed_requests_client_id_idx ON oauth_pushed_requests (client_id)")
