"""The SQL statements of the hot calls, as the service sends them, for the measurements of limits.

They are repeated here, so that a limit stays the same when the service finds a cheaper way.
"""

from typing import Final

FIND_SESSION_USER: Final = """
    SELECT users.id, users.email, users.username, users.is_active
    FROM sessions
    JOIN users ON users.id = sessions.user_id
    WHERE sessions.id = %(session_id)s
      AND sessions.user_id = %(user_id)s
      AND sessions.ended_at IS NULL
      AND sessions.expires_at > %(now)s
      AND users.is_active
      AND users.session_epoch = sessions.epoch
"""

ROTATE: Final = """
    UPDATE sessions
    SET generation = generation + 1,
        refreshed_at = %(now)s,
        expires_at = LEAST(%(idle_expires_at)s, session_expires_at)
    FROM users
    WHERE sessions.id = %(session_id)s
      AND sessions.user_id = %(user_id)s
      AND sessions.generation = %(generation)s
      AND sessions.secret_hash = %(secret_hash)s
      AND sessions.ended_at IS NULL
      AND sessions.expires_at > %(now)s
      AND users.id = sessions.user_id
      AND users.is_active
      AND users.session_epoch = sessions.epoch
    RETURNING sessions.user_id
"""

FIND_CLIENT: Final = """
    SELECT oauth_clients.client_id, oauth_clients.auth_method, oauth_clients.grant_types, oauth_clients.scopes,
        oauth_clients.resources, oauth_clients.not_before, oauth_clients.disabled_at, secret_hashes, expirations
    FROM oauth_clients
    CROSS JOIN LATERAL (
        SELECT array_agg(secret_hash) AS secret_hashes, array_agg(expires_at) AS expirations
        FROM oauth_client_secrets
        WHERE oauth_client_secrets.client_id = oauth_clients.client_id
    ) AS stored_secrets
    WHERE oauth_clients.client_id = %(client_id)s
"""

LOCK_USER: Final = """
    SELECT is_active, session_epoch, second_factor, email_verified_at, roles
    FROM users
    WHERE id = %(user_id)s
    FOR NO KEY UPDATE
"""

CONSUME_CODE: Final = """
    DELETE FROM oauth_codes
    WHERE id = %(id)s
      AND user_id = %(user_id)s
    RETURNING client_id, redirect_uri, scopes, code_challenge, amr, acr, authenticated_at, session_ends_at, expires_at
"""

ADD_SESSION: Final = """
    INSERT INTO sessions (
        id, user_id, secret_hash, generation, client_id, scopes, amr, acr, authenticated_at, created_at, refreshed_at,
        expires_at, session_expires_at
    )
    VALUES (
        %(id)s, %(user_id)s, decode(repeat('00', 32), 'hex'), 0, %(client_id)s, '{openid}', '{pwd}', 1, now(), now(),
        now(), now() + interval '7 days', now() + interval '30 days'
    )
"""

ADD_AUDIT_EVENT: Final = """
    INSERT INTO audit_events (type, version, user_id, session_id, data)
    VALUES ('session.begun', 1, %(user_id)s, %(id)s, '{}')
"""
