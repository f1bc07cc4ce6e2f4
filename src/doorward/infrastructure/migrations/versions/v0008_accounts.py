"""The life cycle of accounts: verification, one-time tokens, known devices, throttling, mail, deletion.

Times are PostgreSQL's. The e-mail addresses of users who registered before this version are not verified.
"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add columns that are null or constant, so that no row is written, and create the tables."""
    _extend_users()
    _create_one_time_tokens()
    _create_pending_registrations()
    _create_invitations()
    _create_email_changes()
    _create_devices()
    _create_login_throttles()
    _create_mail_budgets()
    _create_used_nonces()
    _extend_outbox()


def _extend_users() -> None:
    op.execute(
        """
        ALTER TABLE users
            ADD COLUMN email_verified_at timestamptz,
            ADD COLUMN email_bounced_at timestamptz,
            ADD COLUMN locale text,
            ADD COLUMN deletion_due_at timestamptz,
            ADD COLUMN is_restorable boolean NOT NULL DEFAULT false
        """
    )
    op.execute(
        """
        CREATE INDEX users_deletion_due_at_idx ON users (deletion_due_at) WHERE deletion_due_at IS NOT NULL
        """
    )


def _create_one_time_tokens() -> None:
    # Slot 0 has the newest token of a purpose; slot 1 the one before it, if both may be used.
    op.execute(
        """
        CREATE TABLE one_time_tokens (
            user_id uuid NOT NULL
                CONSTRAINT one_time_tokens_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            purpose text NOT NULL,
            slot smallint NOT NULL CONSTRAINT one_time_tokens_slot_check CHECK (slot IN (0, 1)),
            email_key text NOT NULL,
            secret_hash bytea NOT NULL
                CONSTRAINT one_time_tokens_secret_hash_check CHECK (octet_length(secret_hash) = 32),
            code_mac bytea NOT NULL
                CONSTRAINT one_time_tokens_code_mac_check CHECK (octet_length(code_mac) = 32),
            code_attempts smallint NOT NULL DEFAULT 0,
            code_expires_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            CONSTRAINT one_time_tokens_pkey PRIMARY KEY (user_id, purpose, slot)
        )
        """
    )
    op.execute(
        """
        CREATE INDEX one_time_tokens_expires_at_idx ON one_time_tokens (expires_at)
        """
    )


def _create_pending_registrations() -> None:
    # The requester's secret and the mailed secret differ: the account is created when both have been presented.
    op.execute(
        """
        CREATE TABLE pending_registrations (
            id uuid CONSTRAINT pending_registrations_pkey PRIMARY KEY,
            email text NOT NULL,
            email_key text NOT NULL,
            username text NOT NULL,
            username_key text NOT NULL,
            password_hash text NOT NULL,
            requester_secret_hash bytea NOT NULL,
            secret_hash bytea,
            code_mac bytea,
            code_attempts smallint NOT NULL DEFAULT 0,
            code_expires_at timestamptz,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            CONSTRAINT pending_registrations_email_key_username_key_key UNIQUE (email_key, username_key)
        )
        """
    )
    op.execute(
        """
        CREATE INDEX pending_registrations_expires_at_idx ON pending_registrations (expires_at)
        """
    )


def _create_invitations() -> None:
    op.execute(
        """
        CREATE TABLE invitations (
            id uuid CONSTRAINT invitations_pkey PRIMARY KEY,
            email text NOT NULL,
            email_key text NOT NULL CONSTRAINT invitations_email_key_key UNIQUE,
            secret_hash bytea,
            code_mac bytea,
            code_attempts smallint NOT NULL DEFAULT 0,
            code_expires_at timestamptz,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE INDEX invitations_expires_at_idx ON invitations (expires_at)
        """
    )


def _create_email_changes() -> None:
    op.execute(
        """
        CREATE TABLE email_changes (
            user_id uuid CONSTRAINT email_changes_pkey PRIMARY KEY
                CONSTRAINT email_changes_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            email text NOT NULL,
            email_key text NOT NULL,
            old_confirmed_at timestamptz,
            new_confirmed_at timestamptz,
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL
        )
        """
    )


def _create_devices() -> None:
    op.execute(
        """
        CREATE TABLE devices (
            user_id uuid NOT NULL CONSTRAINT devices_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            id uuid NOT NULL,
            epoch integer NOT NULL,
            secret_hash bytea NOT NULL CONSTRAINT devices_secret_hash_check CHECK (octet_length(secret_hash) = 32),
            created_at timestamptz NOT NULL,
            seen_at timestamptz NOT NULL,
            CONSTRAINT devices_pkey PRIMARY KEY (user_id, id)
        )
        """
    )
    op.execute("ALTER TABLE sessions ADD COLUMN device_id uuid")


def _create_login_throttles() -> None:
    # A bucket is 24 bits of a MAC of the name, so that the table is bounded whatever names are tried.
    op.execute(
        """
        CREATE TABLE login_throttles (
            bucket integer NOT NULL,
            client bytea NOT NULL,
            failures smallint NOT NULL,
            next_at timestamptz NOT NULL,
            seen_at timestamptz NOT NULL,
            CONSTRAINT login_throttles_pkey PRIMARY KEY (bucket, client)
        )
        """
    )
    op.execute(
        """
        CREATE INDEX login_throttles_seen_at_idx ON login_throttles (seen_at)
        """
    )


def _create_mail_budgets() -> None:
    # A row counts the mails of one kind in a minute; the row of the empty kind counts all mails in a day.
    op.execute(
        """
        CREATE TABLE mail_budgets (
            address_mac bytea NOT NULL,
            origin text NOT NULL,
            kind text NOT NULL,
            mails smallint NOT NULL,
            began_at timestamptz NOT NULL,
            CONSTRAINT mail_budgets_pkey PRIMARY KEY (address_mac, origin, kind)
        )
        """
    )
    op.execute(
        """
        CREATE INDEX mail_budgets_began_at_idx ON mail_budgets (began_at)
        """
    )


def _create_used_nonces() -> None:
    op.execute(
        """
        CREATE TABLE used_nonces (
            nonce bytea CONSTRAINT used_nonces_pkey PRIMARY KEY,
            expires_at timestamptz NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE INDEX used_nonces_expires_at_idx ON used_nonces (expires_at)
        """
    )


def _extend_outbox() -> None:
    # message_id must be known before the row is stored: the payload is sealed for it, and a mail contains it.
    op.execute(
        """
        ALTER TABLE outbox
            ADD COLUMN message_id uuid NOT NULL DEFAULT gen_random_uuid(),
            ADD COLUMN kind text NOT NULL DEFAULT '',
            ADD COLUMN died_at timestamptz
        """
    )
    op.execute(
        """
        ALTER TABLE outbox
            ALTER COLUMN message_id DROP DEFAULT,
            ALTER COLUMN kind DROP DEFAULT
        """
    )
    op.execute(
        """
        CREATE INDEX outbox_died_at_idx ON outbox (died_at) WHERE dead_reason IS NOT NULL
        """
    )
