"""Signing keys, OAuth clients with their secrets, and resources, which identify other services and programs."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the tables, and the row of the client of the service's own login."""
    _create_signing_keys()
    _create_oauth_clients()
    _add_built_in_client()
    _create_oauth_resources()
    # The default is constant, so that no row is written. Empty means the audience of the service's own login.
    op.execute("ALTER TABLE sessions ADD COLUMN resources text[] NOT NULL DEFAULT '{}'")


def _create_signing_keys() -> None:
    # The private key is sealed for its row, and the public key derived from it. A standby key has no activation time.
    op.execute(
        """
        CREATE TABLE signing_keys (
            kid text CONSTRAINT signing_keys_pkey PRIMARY KEY,
            algorithm text NOT NULL CONSTRAINT signing_keys_algorithm_check CHECK (algorithm IN ('ES256', 'RS256')),
            sealed bytea NOT NULL,
            created_at timestamptz NOT NULL,
            activates_at timestamptz,
            retires_at timestamptz,
            revoked_at timestamptz
        )
        """
    )


def _create_oauth_clients() -> None:
    # Tokens issued before not_before are refused, so that enabling a client again does not make old ones valid.
    op.execute(
        """
        CREATE TABLE oauth_clients (
            client_id text CONSTRAINT oauth_clients_pkey PRIMARY KEY,
            name text NOT NULL,
            auth_method text NOT NULL CONSTRAINT oauth_clients_auth_method_check
                CHECK (auth_method IN ('none', 'client_secret_basic', 'client_secret_post')),
            grant_types text[] NOT NULL,
            scopes text[] NOT NULL,
            resources text[] NOT NULL,
            version integer NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            not_before timestamptz NOT NULL,
            disabled_at timestamptz
        )
        """
    )
    op.execute(
        """
        CREATE TABLE oauth_client_secrets (
            client_id text NOT NULL CONSTRAINT oauth_client_secrets_client_id_fkey
                REFERENCES oauth_clients ON DELETE CASCADE,
            secret_hash bytea NOT NULL,
            created_at timestamptz NOT NULL,
            expires_at timestamptz,
            CONSTRAINT oauth_client_secrets_pkey PRIMARY KEY (client_id, secret_hash)
        )
        """
    )


def _add_built_in_client() -> None:
    op.execute(
        """
        INSERT INTO oauth_clients (
            client_id, name, auth_method, grant_types, scopes, resources, created_at, updated_at, not_before
        )
        VALUES (
            'doorward', 'doorward', 'none', '{password,refresh_token}', '{account}', '{}', now(), now(), 'epoch'
        )
        """
    )


def _create_oauth_resources() -> None:
    # A person typed the identifier. Events and URLs therefore name a resource by its id.
    op.execute(
        """
        CREATE TABLE oauth_resources (
            id uuid CONSTRAINT oauth_resources_pkey PRIMARY KEY,
            identifier text NOT NULL CONSTRAINT oauth_resources_identifier_key UNIQUE,
            scopes text[] NOT NULL,
            algorithm text NOT NULL CONSTRAINT oauth_resources_algorithm_check CHECK (algorithm IN ('ES256', 'RS256')),
            introspection_client_id text CONSTRAINT oauth_resources_introspection_client_id_fkey
                REFERENCES oauth_clients ON DELETE SET NULL,
            created_at timestamptz NOT NULL
        )
        """
    )
