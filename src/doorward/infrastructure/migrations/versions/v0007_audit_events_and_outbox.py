"""The audit log, and the outbox of messages to deliver."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create both tables."""
    _create_audit_events()
    _make_audit_events_append_only()
    _create_outbox()


def _create_audit_events() -> None:
    # Ids refer to rows that may be gone: the entries outlive users and sessions.
    op.execute(
        """
        CREATE TABLE audit_events (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_events_pkey PRIMARY KEY,
            type text NOT NULL,
            version smallint NOT NULL,
            user_id uuid,
            actor text,
            session_id uuid,
            correlation_id text,
            data jsonb NOT NULL,
            personal jsonb,
            occurred_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """
    )
    op.execute(
        """
        CREATE INDEX audit_events_user_id_id_idx ON audit_events (user_id, id)
        """
    )
    op.execute(
        """
        CREATE INDEX audit_events_occurred_at_idx ON audit_events USING brin (occurred_at) WITH (autosummarize = true)
        """
    )


def _make_audit_events_append_only() -> None:
    # Protects against mistakes, not against the table's owner, who can drop the trigger.
    op.execute(
        """
        CREATE FUNCTION audit_events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('doorward.audit_change', true) = 'retention'
                OR TG_OP = 'UPDATE' AND current_setting('doorward.audit_change', true) = 'erasure'
            THEN
                RETURN NULL;
            END IF;
            RAISE EXCEPTION 'audit_events is append-only' USING ERRCODE = 'insufficient_privilege';
        END
        $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER audit_events_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION audit_events_refuse_change()
        """
    )


def _create_outbox() -> None:
    op.execute(
        """
        CREATE TABLE outbox (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
            channel text NOT NULL,
            endpoint uuid,
            stream uuid,
            payload bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            expires_at timestamptz,
            attempts smallint NOT NULL DEFAULT 0,
            dead_reason text
        )
        """
    )
    op.execute(
        """
        CREATE INDEX outbox_due_at_idx ON outbox (due_at, id) WHERE dead_reason IS NULL
        """
    )
    op.execute(
        """
        CREATE INDEX outbox_stream_idx ON outbox (endpoint, stream, id) WHERE dead_reason IS NULL
        """
    )
