"""The SQL of refreshes: rotate sessions, and lock one that was not rotated to find the reason."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from doorward.core.frozen import frozen
from doorward.domain.auth.repositories import Connection
from doorward.domain.auth.scopes import RESOURCE_SCOPES
from doorward.domain.auth.sessions.rotated_session import LockedSession, RotatedSession
from doorward.domain.auth.tokens.refresh_token import RefreshToken, hash_secret
from doorward.domain.keys.models import SigningAlgorithm

_IMPLIED_BY_ACCOUNT: Final = [scope.value for scope in RESOURCE_SCOPES]


@frozen
class RotationTimes:
    """The time of a rotation, when the session then expires if idle, and the deadline of the rotation."""

    now: datetime
    idle_expires_at: datetime
    until: datetime
    not_before: datetime | None = None
    """Sessions that began earlier are not rotated: their client was disabled since."""


async def rotate_sessions(
    connection: Connection,
    tokens: Sequence[RefreshToken],
    *,
    client_id: str,
    scopes: Collection[str] | None,
    allowed: Collection[str] | None = None,
    resource: str | None = None,
    algorithms: Collection[SigningAlgorithm],
    times: RotationTimes,
) -> list[RotatedSession | None]:
    """Rotate the live sessions whose current tokens these are; return the session of each token, or None.

    Not rotated are sessions of another client, sessions that lack one of ``scopes`` or are not for ``resource`` (None
    requires nothing), sessions from before their client was enabled again, and those whose tokens would have none of
    the scopes that are ``allowed`` (None allows all).
    A session for another service has the scopes that both the client and the service have now,
    and is rotated only if its tokens are signed with one of ``algorithms``.

    A batch of concurrent refreshes is one statement and one commit. Equal tokens are several rows of its input, and
    PostgreSQL updates a row once per statement: exactly one of them gets the session. A row that another transaction
    has locked is skipped, so that one locked session delays no other, and two processes with overlapping batches cannot
    deadlock: a token with the result None may still be current. No indexed column is changed (a HOT update).

    LIMIT is the number of tokens, so none is left out. It makes the planner expect few rows, so that the plan of the
    prepared statement uses the index even if it was made while the table was empty.
    """
    cursor = await connection.execute(
        """
        WITH current AS (
            SELECT session.id, session.user_id, session.scopes, session.roles, session.algorithm, token.position
            FROM (
                SELECT id, user_id, generation, secret_hash, position
                FROM unnest(
                    %(ids)s::uuid[], %(user_ids)s::uuid[], %(generations)s::bigint[], %(secret_hashes)s::bytea[]
                ) WITH ORDINALITY AS given (id, user_id, generation, secret_hash, position)
                LIMIT %(count)s
            ) AS token
            CROSS JOIN LATERAL (
                SELECT sessions.id, sessions.user_id, NULLIF(users.roles, '{}') AS roles, audience.algorithm,
                       granted.scopes
                FROM sessions
                JOIN users ON users.id = sessions.user_id
                LEFT JOIN LATERAL (
                    SELECT oauth_resources.algorithm, ARRAY(
                        SELECT unnest(sessions.scopes)
                        INTERSECT SELECT unnest(oauth_resources.scopes)
                        INTERSECT SELECT unnest(oauth_clients.scopes)
                    ) AS scopes
                    FROM oauth_resources
                    JOIN oauth_clients ON oauth_clients.client_id = sessions.client_id
                    WHERE oauth_resources.identifier = sessions.resources[1]
                      AND oauth_resources.identifier = ANY(oauth_clients.resources)
                ) AS audience ON true
                CROSS JOIN LATERAL (
                    SELECT CASE WHEN sessions.resources = '{}' THEN sessions.scopes ELSE audience.scopes END AS scopes
                ) AS granted
                WHERE sessions.id = token.id
                  AND (token.user_id IS NULL OR sessions.user_id = token.user_id)
                  AND sessions.generation = token.generation
                  AND sessions.secret_hash = token.secret_hash
                  AND sessions.client_id = %(client_id)s
                  AND (
                      sessions.resources = '{}'
                      OR audience.scopes <> '{}' AND audience.algorithm = ANY(%(algorithms)s::text[])
                  )
                  AND (%(resource)s::text IS NULL OR %(resource)s::text = ANY(sessions.resources))
                  AND (
                      %(scopes)s::text[] IS NULL
                      OR %(scopes)s::text[] <@ granted.scopes
                      OR 'account' = ANY(sessions.scopes) AND sessions.resources = '{}'
                         AND %(scopes)s::text[] <@ (sessions.scopes || %(implied)s::text[])
                  )
                  AND (
                      %(allowed)s::text[] IS NULL
                      OR %(allowed)s::text[] && COALESCE(%(scopes)s::text[], granted.scopes)
                  )
                  AND sessions.ended_at IS NULL
                  AND sessions.expires_at > %(now)s
                  AND clock_timestamp() < %(until)s
                  AND (%(not_before)s::timestamptz IS NULL OR sessions.created_at >= %(not_before)s)
                  AND users.is_active
                  AND users.session_epoch = sessions.epoch
                FOR NO KEY UPDATE OF sessions SKIP LOCKED
            ) AS session
        )
        UPDATE sessions
        SET generation = generation + 1,
            refreshed_at = %(now)s,
            expires_at = LEAST(%(idle_expires_at)s, session_expires_at)
        FROM current
        WHERE sessions.id = current.id
          AND sessions.user_id = current.user_id
        RETURNING current.position, sessions.user_id, sessions.client_id, current.scopes, current.roles,
                  sessions.resources[1], current.algorithm, sessions.authenticated_at, sessions.acr, sessions.amr
        """,
        {
            "count": len(tokens),
            "ids": [token.session_id for token in tokens],
            "user_ids": [token.user_id for token in tokens],
            "generations": [token.generation for token in tokens],
            "secret_hashes": [hash_secret(token.secret) for token in tokens],
            "client_id": client_id,
            "scopes": None if scopes is None else list(scopes),
            "allowed": None if allowed is None else list(allowed),
            "implied": _IMPLIED_BY_ACCOUNT,
            "resource": resource,
            "algorithms": list(algorithms),
            "now": times.now,
            "idle_expires_at": times.idle_expires_at,
            "until": times.until,
            "not_before": times.not_before,
        },
    )
    rotated = {position: RotatedSession(*session) for position, *session in await cursor.fetchall()}
    return [rotated.get(position) for position, _ in enumerate(tokens, start=1)]


async def lock_session(
    connection: Connection, token: RefreshToken, *, client_id: str, not_before: datetime | None
) -> LockedSession | None:
    """Find the session of a token and lock it until the transaction ends.

    A session of this client from before ``not_before`` counts as ended.
    """
    async with connection.cursor(row_factory=class_row(LockedSession)) as cursor:
        await cursor.execute(
            """
            SELECT sessions.user_id, sessions.client_id, NULLIF(users.roles, '{}') AS roles,
                   sessions.resources[1] AS resource, audience.algorithm,
                   CASE WHEN sessions.resources = '{}' THEN sessions.scopes
                        ELSE COALESCE(audience.scopes, '{}') END AS scopes,
                   sessions.authenticated_at, sessions.acr, sessions.amr,
                   sessions.generation, sessions.secret_hash,
                   sessions.refreshed_at, sessions.expires_at,
                   sessions.ended_at IS NOT NULL OR sessions.epoch <> users.session_epoch
                   OR sessions.client_id = %(client_id)s AND sessions.created_at < %(not_before)s IS TRUE AS has_ended,
                   users.is_active AS user_is_active,
                   CASE WHEN users.email_verified_at IS NOT NULL THEN users.email END AS verified_email
            FROM sessions
            JOIN users ON users.id = sessions.user_id
            LEFT JOIN LATERAL (
                SELECT oauth_resources.algorithm, ARRAY(
                    SELECT unnest(sessions.scopes)
                    INTERSECT SELECT unnest(oauth_resources.scopes)
                    INTERSECT SELECT unnest(oauth_clients.scopes)
                ) AS scopes
                FROM oauth_resources
                JOIN oauth_clients ON oauth_clients.client_id = sessions.client_id
                WHERE oauth_resources.identifier = sessions.resources[1]
                  AND oauth_resources.identifier = ANY(oauth_clients.resources)
            ) AS audience ON true
            WHERE sessions.id = %(session_id)s
              AND (%(user_id)s::uuid IS NULL OR sessions.user_id = %(user_id)s)
            FOR UPDATE OF sessions
            """,
            {
                "session_id": token.session_id,
                "user_id": token.user_id,
                "client_id": client_id,
                "not_before": not_before,
            },
        )
        return await cursor.fetchone()
