"""More endpoints of the OpenID provider: pushed authorization requests, and devices without a browser."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add columns that are constant, so that no row is written, and create the tables."""
    _change_clients()
    _create_pushed_requests()
    _create_devices()


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


def _create_devices() -> None:
    # Each poll writes the row: the fill factor leaves room for that, and no index has what it writes.
    op.execute(
        """
        CREATE TABLE oauth_devices (
            id uuid CONSTRAINT oauth_devices_pkey PRIMARY KEY,
            secret_hash bytea NOT NULL
                CONSTRAINT oauth_devices_secret_hash_check CHECK (octet_length(secret_hash) = 32),
            client_id text NOT NULL
                CONSTRAINT oauth_devices_client_id_fkey REFERENCES oauth_clients ON DELETE CASCADE,
            user_code_hmac bytea NOT NULL
                CONSTRAINT oauth_devices_user_code_hmac_key UNIQUE,
            scopes text[] NOT NULL,
            resource text,
            status text NOT NULL
                CONSTRAINT oauth_devices_status_check CHECK (status IN ('pending', 'approved', 'denied')),
            interval_seconds integer NOT NULL,
            polled_at timestamptz,
            user_id uuid
                CONSTRAINT oauth_devices_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            epoch integer,
            amr text[],
            acr smallint,
            authenticated_at timestamptz,
            expires_at timestamptz NOT NULL,
            CONSTRAINT oauth_devices_decided_check CHECK (
                (status = 'pending') = (user_id IS NULL)
                AND (user_id IS NULL) = (epoch IS NULL)
                AND (user_id IS NULL) = (amr IS NULL)
                AND (user_id IS NULL) = (acr IS NULL)
                AND (user_id IS NULL) = (authenticated_at IS NULL)
            )
        ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01)
        """
    )
    op.execute("CREATE INDEX oauth_devices_client_id_idx ON oauth_devices (client_id)")
    op.execute("CREATE INDEX oauth_devices_user_id_idx ON oauth_devices (user_id) WHERE user_id IS NOT NULL")
