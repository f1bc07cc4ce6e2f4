-- The whole database. Written by `inv docs` from the code. Do not edit.

CREATE EXTENSION IF NOT EXISTS btree_gin WITH SCHEMA public;

COMMENT ON EXTENSION btree_gin IS 'support for indexing common datatypes in GIN';

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE FUNCTION public.audit_events_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('doorward.audit_change', true) = 'retention'
                OR TG_OP = 'UPDATE' AND current_setting('doorward.audit_change', true) = 'erasure'
            THEN
                RETURN NULL;
            END IF;
            RAISE EXCEPTION 'audit_events is append-only' USING ERRCODE = 'insufficient_privilege';
        END
        $$;

CREATE FUNCTION public.event_message_id(sequence bigint, type text, occurred_at timestamp with time zone) RETURNS uuid
    LANGUAGE sql STABLE
    AS $$
            SELECT encode(
                substring(
                    sha256(convert_to(concat_ws(' ', sequence, type, extract(epoch FROM occurred_at)), 'UTF8')) FOR 16
                ),
                'hex'
            )::uuid
        $$;

CREATE FUNCTION public.event_payload(message_id uuid, type text, version smallint, sequence bigint, occurred_at timestamp with time zone, correlation_id text, user_id uuid, session_id uuid, data jsonb) RETURNS bytea
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
        $$;

CREATE FUNCTION public.sessions_tell_of_end() RETURNS trigger
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
        $$;

CREATE FUNCTION public.users_note_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
        BEGIN
            NEW.updated_at := clock_timestamp();
            RETURN NEW;
        END
        $$;

CREATE FUNCTION public.users_tell_of_end() RETURNS trigger
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
        $$;

CREATE TABLE public.audit_events (
    id bigint NOT NULL,
    type text NOT NULL,
    version smallint NOT NULL,
    user_id uuid,
    actor text,
    session_id uuid,
    correlation_id text,
    data jsonb NOT NULL,
    personal jsonb,
    occurred_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE public.audit_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.browser_sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    epoch integer NOT NULL,
    secret_hash bytea NOT NULL,
    amr text[] NOT NULL,
    acr smallint NOT NULL,
    authenticated_at timestamp with time zone NOT NULL,
    is_kept boolean NOT NULL,
    user_agent text,
    address text,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    CONSTRAINT browser_sessions_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.01');

CREATE TABLE public.devices (
    user_id uuid NOT NULL,
    id uuid NOT NULL,
    epoch integer NOT NULL,
    secret_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    trusted_at timestamp with time zone,
    CONSTRAINT devices_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
);

CREATE TABLE public.doorward_schema_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE public.email_changes (
    user_id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    old_confirmed_at timestamp with time zone,
    new_confirmed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.federated_identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.housekeeping_runs (
    task text NOT NULL,
    finished_at timestamp with time zone NOT NULL
);

CREATE TABLE public.invitations (
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    secret_hash bytea,
    code_mac bytea,
    code_attempts smallint DEFAULT 0 NOT NULL,
    code_expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    roles text[] DEFAULT '{}'::text[] NOT NULL,
    invited_by uuid
);

CREATE TABLE public.items (
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    tags text[] NOT NULL,
    year smallint,
    visibility text NOT NULL,
    version integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    search_vector tsvector DEFAULT ''::tsvector NOT NULL,
    folded_title text,
    external_id text,
    CONSTRAINT items_visibility_check CHECK ((visibility = ANY (ARRAY['private'::text, 'shared'::text])))
);
ALTER TABLE ONLY public.items ALTER COLUMN tags SET STATISTICS 500;
ALTER TABLE ONLY public.items ALTER COLUMN folded_title SET STATISTICS 500;

CREATE TABLE public.login_throttles (
    bucket integer NOT NULL,
    client bytea NOT NULL,
    failures smallint NOT NULL,
    next_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL
);

CREATE TABLE public.mail_budgets (
    address_mac bytea NOT NULL,
    origin text NOT NULL,
    kind text NOT NULL,
    mails smallint NOT NULL,
    began_at timestamp with time zone NOT NULL
);

CREATE TABLE public.oauth_client_keys (
    client_id text NOT NULL,
    jwks text,
    jwks_uri text,
    CONSTRAINT oauth_client_keys_one_check CHECK ((num_nonnulls(jwks, jwks_uri) = 1))
);

CREATE TABLE public.oauth_client_secrets (
    client_id text NOT NULL,
    secret_hash bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone
);

CREATE TABLE public.oauth_clients (
    client_id text NOT NULL,
    name text NOT NULL,
    auth_method text NOT NULL,
    grant_types text[] NOT NULL,
    scopes text[] NOT NULL,
    resources text[] NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    not_before timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    redirect_uris text[] DEFAULT '{}'::text[] NOT NULL,
    post_logout_uris text[] DEFAULT '{}'::text[] NOT NULL,
    id_token_algorithm text DEFAULT 'RS256'::text NOT NULL,
    requires_pkce boolean DEFAULT true NOT NULL,
    is_first_party boolean DEFAULT false NOT NULL,
    requires_pushed_requests boolean DEFAULT false NOT NULL,
    backchannel_logout_uri text,
    CONSTRAINT oauth_clients_auth_method_check CHECK ((auth_method = ANY (ARRAY['none'::text, 'client_secret_basic'::text, 'client_secret_post'::text, 'private_key_jwt'::text]))),
    CONSTRAINT oauth_clients_id_token_algorithm_check CHECK ((id_token_algorithm = ANY (ARRAY['ES256'::text, 'RS256'::text])))
);

CREATE TABLE public.oauth_codes (
    id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    client_id text NOT NULL,
    user_id uuid NOT NULL,
    browser_session_id uuid NOT NULL,
    epoch integer NOT NULL,
    redirect_uri text NOT NULL,
    scopes text[] NOT NULL,
    resource text,
    nonce text,
    code_challenge text,
    amr text[] NOT NULL,
    acr smallint NOT NULL,
    authenticated_at timestamp with time zone NOT NULL,
    session_ends_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    dpop_jkt text,
    CONSTRAINT oauth_codes_dpop_jkt_check CHECK ((length(dpop_jkt) = 43)),
    CONSTRAINT oauth_codes_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
)
WITH (autovacuum_vacuum_scale_factor='0.01');

CREATE TABLE public.oauth_consents (
    user_id uuid NOT NULL,
    client_id text NOT NULL,
    scopes text[] NOT NULL,
    granted_at timestamp with time zone NOT NULL
);

CREATE TABLE public.oauth_devices (
    id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    client_id text NOT NULL,
    user_code_hmac bytea NOT NULL,
    scopes text[] NOT NULL,
    resource text,
    status text NOT NULL,
    interval_seconds integer NOT NULL,
    polled_at timestamp with time zone,
    user_id uuid,
    epoch integer,
    amr text[],
    acr smallint,
    authenticated_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT oauth_devices_decided_check CHECK ((((status = 'pending'::text) = (user_id IS NULL)) AND ((user_id IS NULL) = (epoch IS NULL)) AND ((user_id IS NULL) = (amr IS NULL)) AND ((user_id IS NULL) = (acr IS NULL)) AND ((user_id IS NULL) = (authenticated_at IS NULL)))),
    CONSTRAINT oauth_devices_secret_hash_check CHECK ((octet_length(secret_hash) = 32)),
    CONSTRAINT oauth_devices_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'denied'::text])))
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0.01');

CREATE TABLE public.oauth_pushed_requests (
    id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    client_id text NOT NULL,
    parameters jsonb NOT NULL,
    browser_hash bytea,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT oauth_pushed_requests_browser_hash_check CHECK ((octet_length(browser_hash) = 32)),
    CONSTRAINT oauth_pushed_requests_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.01');

CREATE TABLE public.oauth_registered_clients (
    id uuid NOT NULL,
    client_id text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    resources text[] NOT NULL,
    CONSTRAINT oauth_registered_clients_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
);

CREATE TABLE public.oauth_registration_tokens (
    id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    resources text[] NOT NULL,
    uses_left integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT oauth_registration_tokens_secret_hash_check CHECK ((octet_length(secret_hash) = 32)),
    CONSTRAINT oauth_registration_tokens_uses_left_check CHECK ((uses_left >= 0))
);

CREATE TABLE public.oauth_resources (
    id uuid NOT NULL,
    identifier text NOT NULL,
    scopes text[] NOT NULL,
    algorithm text NOT NULL,
    introspection_client_id text,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT oauth_resources_algorithm_check CHECK ((algorithm = ANY (ARRAY['ES256'::text, 'RS256'::text])))
);

CREATE TABLE public.one_time_tokens (
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    slot smallint NOT NULL,
    email_key text NOT NULL,
    secret_hash bytea NOT NULL,
    code_mac bytea NOT NULL,
    code_attempts smallint DEFAULT 0 NOT NULL,
    code_expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    message_id uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT one_time_tokens_code_mac_check CHECK ((octet_length(code_mac) = 32)),
    CONSTRAINT one_time_tokens_secret_hash_check CHECK ((octet_length(secret_hash) = 32)),
    CONSTRAINT one_time_tokens_slot_check CHECK ((slot = ANY (ARRAY[0, 1])))
);

CREATE TABLE public.outbox (
    id bigint NOT NULL,
    channel text NOT NULL,
    endpoint uuid,
    stream uuid,
    payload bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    due_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    attempts smallint DEFAULT 0 NOT NULL,
    dead_reason text,
    message_id uuid NOT NULL,
    kind text NOT NULL,
    died_at timestamp with time zone,
    topic bytea
);

ALTER TABLE public.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.passkeys (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    credential_id bytea NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    relying_party_id text NOT NULL,
    name text NOT NULL,
    transports text[] NOT NULL,
    is_backup_eligible boolean NOT NULL,
    is_backed_up boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    suspended_at timestamp with time zone,
    CONSTRAINT passkeys_credential_id_check CHECK (((octet_length(credential_id) >= 1) AND (octet_length(credential_id) <= 1023)))
)
WITH (fillfactor='80');

CREATE TABLE public.pending_registrations (
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    username text NOT NULL,
    username_key text NOT NULL,
    password_hash text NOT NULL,
    requester_secret_hash bytea NOT NULL,
    secret_hash bytea,
    code_mac bytea,
    code_attempts smallint DEFAULT 0 NOT NULL,
    code_expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.rabbitmq_subscriptions (
    id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.recovery_codes (
    user_id uuid NOT NULL,
    code_mac bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT recovery_codes_code_mac_check CHECK ((octet_length(code_mac) = 32))
);

CREATE TABLE public.roles (
    name text NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    description text NOT NULL,
    scopes text[] NOT NULL,
    is_built_in boolean DEFAULT false NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    generation bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    refreshed_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    session_expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    end_reason text,
    epoch integer DEFAULT 0 NOT NULL,
    client_id text DEFAULT 'doorward'::text NOT NULL,
    scopes text[] DEFAULT '{account}'::text[] NOT NULL,
    amr text[] NOT NULL,
    acr smallint NOT NULL,
    authenticated_at timestamp with time zone NOT NULL,
    user_agent text,
    address text,
    device_id uuid,
    resources text[] DEFAULT '{}'::text[] NOT NULL,
    browser_session_id uuid,
    is_offline boolean DEFAULT false NOT NULL,
    code_secret_hash bytea,
    CONSTRAINT sessions_end_reason_check CHECK (((ended_at IS NULL) = (end_reason IS NULL))),
    CONSTRAINT sessions_secret_hash_check CHECK ((octet_length(secret_hash) = 32))
)
WITH (fillfactor='70');

CREATE TABLE public.signing_keys (
    kid text NOT NULL,
    algorithm text NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    activates_at timestamp with time zone,
    retires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT signing_keys_algorithm_check CHECK ((algorithm = ANY (ARRAY['ES256'::text, 'RS256'::text])))
);

CREATE TABLE public.totp_factors (
    user_id uuid NOT NULL,
    id uuid NOT NULL,
    sealed_secret bytea NOT NULL,
    last_step bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE public.used_nonces (
    nonce bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.users (
    id uuid NOT NULL,
    email_key text,
    username text NOT NULL,
    username_key text NOT NULL,
    password_hash text,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    email text,
    session_epoch integer DEFAULT 0 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    email_verified_at timestamp with time zone,
    email_bounced_at timestamp with time zone,
    locale text,
    deletion_due_at timestamp with time zone,
    is_restorable boolean DEFAULT false NOT NULL,
    roles text[] DEFAULT '{}'::text[] NOT NULL,
    external_id text,
    must_change_password boolean DEFAULT false NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    second_factor text[] DEFAULT '{}'::text[] NOT NULL,
    was_verified boolean DEFAULT false NOT NULL,
    CONSTRAINT users_email_check CHECK (((email IS NULL) = (email_key IS NULL))),
    CONSTRAINT users_without_email_check CHECK (((email IS NOT NULL) OR ((password_hash IS NULL) AND (email_verified_at IS NULL))))
);
ALTER TABLE ONLY public.users ALTER COLUMN email_key SET STATISTICS 500;
ALTER TABLE ONLY public.users ALTER COLUMN username_key SET STATISTICS 500;

CREATE TABLE public.webhook_endpoints (
    id uuid NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    types text[],
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_secret_until timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    disabled_reason text,
    failing_since timestamp with time zone,
    faults integer DEFAULT 0 NOT NULL,
    paused_until timestamp with time zone
);

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.browser_sessions
    ADD CONSTRAINT browser_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (user_id, id);

ALTER TABLE ONLY public.doorward_schema_version
    ADD CONSTRAINT doorward_schema_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY public.email_changes
    ADD CONSTRAINT email_changes_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.federated_identities
    ADD CONSTRAINT federated_identities_pkey PRIMARY KEY (issuer, subject);

ALTER TABLE ONLY public.housekeeping_runs
    ADD CONSTRAINT housekeeping_runs_pkey PRIMARY KEY (task);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_email_key_key UNIQUE (email_key);

ALTER TABLE ONLY public.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.login_throttles
    ADD CONSTRAINT login_throttles_pkey PRIMARY KEY (bucket, client);

ALTER TABLE ONLY public.mail_budgets
    ADD CONSTRAINT mail_budgets_pkey PRIMARY KEY (address_mac, origin, kind);

ALTER TABLE ONLY public.oauth_client_keys
    ADD CONSTRAINT oauth_client_keys_pkey PRIMARY KEY (client_id);

ALTER TABLE ONLY public.oauth_client_secrets
    ADD CONSTRAINT oauth_client_secrets_pkey PRIMARY KEY (client_id, secret_hash);

ALTER TABLE ONLY public.oauth_clients
    ADD CONSTRAINT oauth_clients_pkey PRIMARY KEY (client_id);

ALTER TABLE ONLY public.oauth_codes
    ADD CONSTRAINT oauth_codes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_consents
    ADD CONSTRAINT oauth_consents_pkey PRIMARY KEY (user_id, client_id);

ALTER TABLE ONLY public.oauth_devices
    ADD CONSTRAINT oauth_devices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_devices
    ADD CONSTRAINT oauth_devices_user_code_hmac_key UNIQUE (user_code_hmac);

ALTER TABLE ONLY public.oauth_pushed_requests
    ADD CONSTRAINT oauth_pushed_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_registered_clients
    ADD CONSTRAINT oauth_registered_clients_client_id_key UNIQUE (client_id);

ALTER TABLE ONLY public.oauth_registered_clients
    ADD CONSTRAINT oauth_registered_clients_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_registration_tokens
    ADD CONSTRAINT oauth_registration_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_resources
    ADD CONSTRAINT oauth_resources_identifier_key UNIQUE (identifier);

ALTER TABLE ONLY public.oauth_resources
    ADD CONSTRAINT oauth_resources_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.one_time_tokens
    ADD CONSTRAINT one_time_tokens_pkey PRIMARY KEY (user_id, purpose, slot);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_credential_id_key UNIQUE (credential_id);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pending_registrations
    ADD CONSTRAINT pending_registrations_email_key_username_key_key UNIQUE (email_key, username_key);

ALTER TABLE ONLY public.pending_registrations
    ADD CONSTRAINT pending_registrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.rabbitmq_subscriptions
    ADD CONSTRAINT rabbitmq_subscriptions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_mac);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_id_key UNIQUE (id);

ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);

ALTER TABLE ONLY public.totp_factors
    ADD CONSTRAINT totp_factors_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.used_nonces
    ADD CONSTRAINT used_nonces_pkey PRIMARY KEY (nonce);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key_key UNIQUE (email_key);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_external_id_key UNIQUE (external_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_username_key_key UNIQUE (username_key);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id);

CREATE INDEX audit_events_occurred_at_idx ON public.audit_events USING brin (occurred_at) WITH (autosummarize='true');

CREATE INDEX audit_events_user_id_id_idx ON public.audit_events USING btree (user_id, id);

CREATE INDEX browser_sessions_user_id_idx ON public.browser_sessions USING btree (user_id);

CREATE INDEX federated_identities_user_id_idx ON public.federated_identities USING btree (user_id);

CREATE INDEX invitations_created_at_idx ON public.invitations USING btree (created_at, id);

CREATE INDEX invitations_expires_at_idx ON public.invitations USING btree (expires_at);

CREATE INDEX items_owner_created_at_idx ON public.items USING btree (owner_id, visibility, created_at, id);

CREATE UNIQUE INDEX items_owner_external_id_key ON public.items USING btree (owner_id, external_id) WHERE (external_id IS NOT NULL);

CREATE INDEX items_owner_title_idx ON public.items USING btree (owner_id, visibility, title, id);

CREATE INDEX items_private_search_vector_idx ON public.items USING gin (((owner_id)::text), search_vector) WITH (gin_pending_list_limit='64') WHERE (visibility = 'private'::text);

CREATE INDEX items_private_tags_idx ON public.items USING gin (owner_id, tags) WHERE (visibility = 'private'::text);

CREATE INDEX items_private_title_trigrams_idx ON public.items USING gin (owner_id, folded_title public.gin_trgm_ops) WHERE (visibility = 'private'::text);

CREATE INDEX items_shared_created_at_idx ON public.items USING btree (created_at, id) WHERE (visibility = 'shared'::text);

CREATE INDEX items_shared_search_vector_idx ON public.items USING gin (search_vector) WITH (gin_pending_list_limit='64') WHERE (visibility = 'shared'::text);

CREATE INDEX items_shared_tags_idx ON public.items USING gin (tags, owner_id) WHERE (visibility = 'shared'::text);

CREATE INDEX items_shared_title_idx ON public.items USING btree (title, id) WHERE (visibility = 'shared'::text);

CREATE INDEX items_shared_title_trigrams_idx ON public.items USING gin (folded_title public.gin_trgm_ops) WHERE (visibility = 'shared'::text);

CREATE INDEX items_shared_year_idx ON public.items USING btree (year, created_at, id) WHERE (visibility = 'shared'::text);

CREATE INDEX items_unindexed_idx ON public.items USING btree (id) WHERE (folded_title IS NULL);

CREATE INDEX login_throttles_seen_at_idx ON public.login_throttles USING btree (seen_at);

CREATE INDEX mail_budgets_began_at_idx ON public.mail_budgets USING btree (began_at);

CREATE INDEX oauth_codes_browser_session_id_idx ON public.oauth_codes USING btree (browser_session_id);

CREATE INDEX oauth_codes_client_id_idx ON public.oauth_codes USING btree (client_id);

CREATE INDEX oauth_codes_user_id_idx ON public.oauth_codes USING btree (user_id);

CREATE INDEX oauth_consents_client_id_idx ON public.oauth_consents USING btree (client_id);

CREATE INDEX oauth_devices_client_id_idx ON public.oauth_devices USING btree (client_id);

CREATE INDEX oauth_devices_user_id_idx ON public.oauth_devices USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX oauth_pushed_requests_client_id_idx ON public.oauth_pushed_requests USING btree (client_id);

CREATE INDEX one_time_tokens_expires_at_idx ON public.one_time_tokens USING btree (expires_at);

CREATE INDEX outbox_channel_due_at_idx ON public.outbox USING btree (channel, due_at, id) WHERE (dead_reason IS NULL);

CREATE INDEX outbox_died_at_idx ON public.outbox USING btree (died_at) WHERE (dead_reason IS NOT NULL);

CREATE INDEX outbox_endpoint_idx ON public.outbox USING btree (endpoint, id) WHERE (endpoint IS NOT NULL);

CREATE INDEX outbox_rabbitmq_idx ON public.outbox USING btree (id) WHERE ((channel = 'rabbitmq'::text) AND (dead_reason IS NULL));

CREATE INDEX outbox_stream_endpoint_idx ON public.outbox USING btree (stream, endpoint, id) WHERE (stream IS NOT NULL);

CREATE INDEX outbox_topic_idx ON public.outbox USING btree (topic) WHERE ((topic IS NOT NULL) AND (dead_reason IS NULL));

CREATE INDEX passkeys_user_id_idx ON public.passkeys USING btree (user_id);

CREATE INDEX pending_registrations_expires_at_idx ON public.pending_registrations USING btree (expires_at);

CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id);

CREATE INDEX used_nonces_expires_at_idx ON public.used_nonces USING btree (expires_at);

CREATE INDEX users_created_at_idx ON public.users USING btree (created_at, id);

CREATE INDEX users_deletion_due_at_idx ON public.users USING btree (deletion_due_at) WHERE (deletion_due_at IS NOT NULL);

CREATE INDEX users_inactive_created_at_idx ON public.users USING btree (created_at, id) WHERE (NOT is_active);

CREATE INDEX users_names_idx ON public.users USING gin (email_key public.gin_trgm_ops, username_key public.gin_trgm_ops) WITH (gin_pending_list_limit='64');

CREATE INDEX users_roles_idx ON public.users USING gin (roles) WHERE (roles <> '{}'::text[]);

CREATE INDEX users_unverified_created_at_idx ON public.users USING btree (created_at, id) WHERE (email_verified_at IS NULL);

CREATE INDEX users_verified_created_at_idx ON public.users USING btree (created_at, id) WHERE (email_verified_at IS NOT NULL);

CREATE TRIGGER audit_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_events FOR EACH STATEMENT EXECUTE FUNCTION public.audit_events_refuse_change();

CREATE TRIGGER sessions_tell_of_end AFTER UPDATE OF ended_at ON public.sessions FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL) AND (new.client_id <> 'doorward'::text))) EXECUTE FUNCTION public.sessions_tell_of_end();

CREATE TRIGGER users_tell_of_end AFTER UPDATE OF session_epoch, is_active ON public.users FOR EACH ROW WHEN ((old.is_active AND ((old.session_epoch <> new.session_epoch) OR (NOT new.is_active)))) EXECUTE FUNCTION public.users_tell_of_end();

CREATE TRIGGER users_tell_of_removal BEFORE DELETE ON public.users FOR EACH ROW WHEN (old.is_active) EXECUTE FUNCTION public.users_tell_of_end();

CREATE TRIGGER users_updated_at BEFORE UPDATE OF version ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_note_change();

ALTER TABLE ONLY public.browser_sessions
    ADD CONSTRAINT browser_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.email_changes
    ADD CONSTRAINT email_changes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.federated_identities
    ADD CONSTRAINT federated_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.items
    ADD CONSTRAINT items_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_client_keys
    ADD CONSTRAINT oauth_client_keys_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_clients(client_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_client_secrets
    ADD CONSTRAINT oauth_client_secrets_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_clients(client_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_codes
    ADD CONSTRAINT oauth_codes_browser_session_id_fkey FOREIGN KEY (browser_session_id) REFERENCES public.browser_sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_codes
    ADD CONSTRAINT oauth_codes_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_clients(client_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_codes
    ADD CONSTRAINT oauth_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_consents
    ADD CONSTRAINT oauth_consents_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_clients(client_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_consents
    ADD CONSTRAINT oauth_consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_devices
    ADD CONSTRAINT oauth_devices_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_clients(client_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_devices
    ADD CONSTRAINT oauth_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_pushed_requests
    ADD CONSTRAINT oauth_pushed_requests_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_clients(client_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_registered_clients
    ADD CONSTRAINT oauth_registered_clients_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_clients(client_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_resources
    ADD CONSTRAINT oauth_resources_introspection_client_id_fkey FOREIGN KEY (introspection_client_id) REFERENCES public.oauth_clients(client_id) ON DELETE SET NULL;

ALTER TABLE ONLY public.one_time_tokens
    ADD CONSTRAINT one_time_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.totp_factors
    ADD CONSTRAINT totp_factors_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
