"""Receivers of events, webhooks and the message broker, and indexes of the outbox for many messages that wait."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create both tables and the functions that turn events into messages, then replace the indexes."""
    _create_webhook_endpoints()
    _create_rabbitmq_subscriptions()
    _create_functions_of_messages()
    _replace_indexes_of_outbox()


def _create_webhook_endpoints() -> None:
    # types is null for all types. Secrets are sealed for their row. The last three columns are the endpoint's health.
    op.execute(
        """
        CREATE TABLE webhook_endpoints (
            id uuid CONSTRAINT webhook_endpoints_pkey PRIMARY KEY,
            url text NOT NULL,
            description text NOT NULL,
            types text[],
            secret bytea NOT NULL,
            previous_secret bytea,
            previous_secret_until timestamptz,
            version integer NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            disabled_at timestamptz,
            disabled_reason text,
            failing_since timestamptz,
            faults integer NOT NULL DEFAULT 0,
            paused_until timestamptz
        )
        """
    )


def _create_rabbitmq_subscriptions() -> None:
    # A row instead of a setting: every process that records events must store a message for the broker.
    op.execute(
        """
        CREATE TABLE rabbitmq_subscriptions (
            id uuid CONSTRAINT rabbitmq_subscriptions_pkey PRIMARY KEY,
            created_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )


def _create_functions_of_messages() -> None:
    # Derived from the entry instead of random, so that a replay has the same id. Includes the time, because a database
    # that was restored from a backup assigns the same numbers again.
    op.execute(
        """
        CREATE FUNCTION event_message_id(sequence bigint, type text, occurred_at timestamptz) RETURNS uuid
        LANGUAGE sql STABLE
        AS $$
            SELECT encode(
                substring(
                    sha256(convert_to(concat_ws(' ', sequence, type, extract(epoch FROM occurred_at)), 'UTF8')) FOR 16
                ),
                'hex'
            )::uuid
        $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION event_payload(
            message_id uuid, type text, version smallint, sequence bigint, occurred_at timestamptz, correlation_id text,
            user_id uuid, session_id uuid, data jsonb
        ) RETURNS bytea
        LANGUAGE sql STABLE
        AS $$
            SELECT convert_to(
                json_build_object(
                    'id', message_id,
                    'type', type,
                    'timestamp', to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                    'version', version,
                    'sequence', sequence,
                    'correlation_id', correlation_id,
                    'data', jsonb_build_object('user_id', user_id, 'session_id', session_id) || data
                )::text,
                'UTF8'
            )
        $$
        """
    )


def _replace_indexes_of_outbox() -> None:
    # By channel, so that waiting messages of one channel are not read to find those of another.
    op.execute(
        """
        CREATE INDEX outbox_channel_due_at_idx ON outbox (channel, due_at, id) WHERE dead_reason IS NULL
        """
    )
    op.execute(
        """
        DROP INDEX outbox_due_at_idx
        """
    )
    # The stream first, and with dead letters, because the erasure of a user searches by the stream alone.
    op.execute(
        """
        CREATE INDEX outbox_stream_endpoint_idx ON outbox (stream, endpoint, id) WHERE stream IS NOT NULL
        """
    )
    op.execute(
        """
        DROP INDEX outbox_stream_idx
        """
    )
    op.execute(
        """
        CREATE INDEX outbox_endpoint_idx ON outbox (endpoint, id) WHERE endpoint IS NOT NULL
        """
    )
    op.execute(
        """
        CREATE INDEX outbox_rabbitmq_idx ON outbox (id) WHERE channel = 'rabbitmq' AND dead_reason IS NULL
        """
    )
