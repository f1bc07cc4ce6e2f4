"""More endpoints of the OpenID provider: pushed authorization requests, devices, back-channel logout."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add columns that are null or constant, so that no row is written, and create the tables."""
    _change_clients()
    _create_pushed_requests()
    _create_devices()
    _create_triggers_of_logouts()
    _tell_of_all_sessions()


def _change_clients() -> None:
    op.execute(
        """
        ALTER TABLE oauth_clients
            ADD COLUMN requires_pushed_requests boolean NOT NULL DEFAULT false,
            ADD COLUMN backchannel_logout_uri text
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
    # Each poll writes the row: the fill factor leaves room for that, and no index contains the written columns.
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


def _create_triggers_of_logouts() -> None:
    # Many statements in several domains end sessions, and the epoch of a user ends many at once. The triggers store the
    # message in the same statement in all cases. Neither runs for a rotation or a change of a profile.
    op.execute(
        """
        CREATE FUNCTION sessions_tell_of_end() RETURNS trigger
        LANGUAGE plpgsql
        AS $$
        BEGIN
            INSERT INTO outbox (message_id, channel, kind, payload)
            SELECT
                gen_random_uuid(), 'logout', 'session.logout',
                convert_to(
                    json_build_object('client_id', NEW.client_id, 'user_id', NEW.user_id, 'session_id', NEW.id)::text,
                    'UTF8'
                )
            FROM oauth_clients
            JOIN users ON users.id = NEW.user_id
            WHERE oauth_clients.client_id = NEW.client_id
              AND oauth_clients.backchannel_logout_uri IS NOT NULL
              AND users.session_epoch = NEW.epoch;
            RETURN NULL;
        END
        $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER sessions_tell_of_end
        AFTER UPDATE OF ended_at ON sessions
        FOR EACH ROW
        WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.client_id <> 'doorward')
        EXECUTE FUNCTION sessions_tell_of_end()
        """
    )


def _tell_of_all_sessions() -> None:
    op.execute(
        """
        CREATE FUNCTION users_tell_of_end() RETURNS trigger
        LANGUAGE plpgsql
        AS $$
        BEGIN
            IF EXISTS (SELECT FROM oauth_clients WHERE backchannel_logout_uri IS NOT NULL) THEN
                INSERT INTO outbox (message_id, channel, kind, payload)
                SELECT gen_random_uuid(), 'logout', 'session.logout', convert_to(
                    json_build_object('client_id', client_id, 'user_id', OLD.id, 'session_id', NULL)::text, 'UTF8')
                FROM (
                    SELECT DISTINCT sessions.client_id
                    FROM sessions
                    JOIN oauth_clients ON oauth_clients.client_id = sessions.client_id
                    WHERE sessions.user_id = OLD.id
                      AND sessions.ended_at IS NULL
                      AND sessions.epoch = OLD.session_epoch
                      AND oauth_clients.backchannel_logout_uri IS NOT NULL
                ) AS told;
            END IF;
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NULL END;
        END
        $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER users_tell_of_end
        AFTER UPDATE OF session_epoch, is_active ON users
        FOR EACH ROW
        WHEN (OLD.is_active AND (OLD.session_epoch <> NEW.session_epoch OR NOT NEW.is_active))
        EXECUTE FUNCTION users_tell_of_end();
        CREATE TRIGGER users_tell_of_removal
        BEFORE DELETE ON users
        FOR EACH ROW
        WHEN (OLD.is_active)
        EXECUTE FUNCTION users_tell_of_end()
        """
    )
