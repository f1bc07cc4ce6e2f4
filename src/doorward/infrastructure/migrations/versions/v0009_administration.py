"""Roles, administration's data of users and invitations, the indexes by which users are found; mails by topic.

Users that were imported may have no password hash. ``users.updated_at`` is PostgreSQL's time of the last change of
``version``; of users that were not changed since, it is the time of this migration.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add columns that are null or constant, so that no row is written, then the table and the indexes."""
    _extend_users()
    _note_changes_of_users()
    _extend_invitations()
    _create_roles()
    _fill_roles()
    _create_indexes_of_lists()
    _create_index_of_names()
    _tell_mails_apart()


def _extend_users() -> None:
    op.execute(
        """
        ALTER TABLE users
            ADD COLUMN roles text[] NOT NULL DEFAULT '{}',
            ADD COLUMN external_id text CONSTRAINT users_external_id_key UNIQUE,
            ADD COLUMN must_change_password boolean NOT NULL DEFAULT false,
            ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
            ALTER COLUMN password_hash DROP NOT NULL
        """
    )
    # From these statistics the planner estimates how many names contain a substring.
    op.execute(
        """
        ALTER TABLE users
            ALTER COLUMN email_key SET STATISTICS 500,
            ALTER COLUMN username_key SET STATISTICS 500
        """
    )


def _note_changes_of_users() -> None:
    # A trigger, because every change of an account increments the version, including changes by an earlier version of
    # the service that runs beside this one.
    op.execute(
        """
        CREATE FUNCTION users_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.updated_at := clock_timestamp();
            RETURN NEW;
        END
        $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER users_updated_at
        BEFORE UPDATE OF version ON users
        FOR EACH ROW EXECUTE FUNCTION users_note_change()
        """
    )


def _extend_invitations() -> None:
    # Without a foreign key: the invitation of a removed user stays in the list, but no longer grants a role.
    op.execute(
        """
        ALTER TABLE invitations
            ADD COLUMN roles text[] NOT NULL DEFAULT '{}',
            ADD COLUMN invited_by uuid
        """
    )
    op.execute(
        """
        CREATE INDEX invitations_created_at_idx ON invitations (created_at, id)
        """
    )


def _create_roles() -> None:
    # People type the name; events contain the id.
    op.execute(
        """
        CREATE TABLE roles (
            name text CONSTRAINT roles_pkey PRIMARY KEY,
            id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT roles_id_key UNIQUE,
            description text NOT NULL,
            scopes text[] NOT NULL,
            is_built_in boolean NOT NULL DEFAULT false,
            version integer NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )


def _fill_roles() -> None:
    op.execute(
        """
        INSERT INTO roles (name, description, scopes, is_built_in)
        VALUES
            (
                'admin', 'Everything.',
                '{
                    admin:users:read, admin:users:write, admin:users:delete, admin:users:import, admin:users:export,
                    admin:sessions:end, admin:passwords:reset, admin:throttles:reset, admin:factors:reset,
                    admin:roles:write, admin:invitations:write, admin:webhooks:write, admin:outbox:write,
                    admin:audit:read, admin:clients:write, admin:keys:write
                }',
                true
            ),
            (
                'support', 'Sees users, and helps them back in.',
                '{
                    admin:users:read, admin:sessions:end, admin:passwords:reset, admin:throttles:reset,
                    admin:factors:reset
                }',
                true
            ),
            ('auditor', 'Sees users and the audit log.', '{admin:users:read, admin:audit:read}', true)
        """
    )


def _create_indexes_of_lists() -> None:
    # Each list of users is in the order of created_at: its index holds the rows of one filter in that order.
    op.execute(
        """
        CREATE INDEX users_created_at_idx ON users (created_at, id)
        """
    )
    op.execute(
        """
        CREATE INDEX users_inactive_created_at_idx ON users (created_at, id) WHERE NOT is_active
        """
    )
    op.execute(
        """
        CREATE INDEX users_verified_created_at_idx ON users (created_at, id) WHERE email_verified_at IS NOT NULL
        """
    )
    op.execute(
        """
        CREATE INDEX users_unverified_created_at_idx ON users (created_at, id) WHERE email_verified_at IS NULL
        """
    )
    op.execute(
        """
        CREATE INDEX users_roles_idx ON users USING gin (roles) WHERE roles <> '{}'
        """
    )


def _create_index_of_names() -> None:
    # The extension may have been installed before, in any schema. A small pending list: each search reads all of it.
    op.execute(
        """
        DO $$
        DECLARE
            trigrams text := (
                SELECT extnamespace::regnamespace::text
                FROM pg_catalog.pg_extension
                WHERE extname = 'pg_trgm'
            );
        BEGIN
            EXECUTE pg_catalog.concat(
                'CREATE INDEX users_names_idx ON users USING gin (email_key ', trigrams,
                '.gin_trgm_ops, username_key ', trigrams, '.gin_trgm_ops) WITH (gin_pending_list_limit = 64)'
            );
        END
        $$
        """
    )


def _tell_mails_apart() -> None:
    # message_id is the mail that delivered a token; an earlier version of the service stores none. A message replaces
    # the earlier ones of its topic.
    op.execute(
        """
        ALTER TABLE one_time_tokens
            ADD COLUMN message_id uuid NOT NULL DEFAULT gen_random_uuid()
        """
    )
    op.execute(
        """
        ALTER TABLE outbox
            ADD COLUMN topic bytea
        """
    )
    op.execute(
        """
        CREATE INDEX outbox_topic_idx ON outbox (topic) WHERE topic IS NOT NULL AND dead_reason IS NULL
        """
    )
