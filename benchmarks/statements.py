"""The statements of the two hot calls, as the service sends them, for what measures the limits.

They stand here a second time, so that a limit stays what it was when the service finds a cheaper way.
"""

from typing import Final

FIND_SESSION_USER: Final = """
    SELECT users.id, users.email, users.username, users.is_active
    FROM refresh_families
    JOIN users ON users.id = refresh_families.user_id
    WHERE refresh_families.id = %(session_id)s
      AND refresh_families.user_id = %(user_id)s
      AND refresh_families.revoked_at IS NULL
      AND refresh_families.expires_at > %(now)s
      AND users.is_active
"""

ROTATE: Final = """
    UPDATE refresh_families
    SET generation = generation + 1,
        rotated_at = %(now)s,
        expires_at = LEAST(%(idle_expires_at)s, session_expires_at)
    FROM users
    WHERE refresh_families.id = %(family_id)s
      AND refresh_families.generation = %(generation)s
      AND refresh_families.secret_hash = %(secret_hash)s
      AND refresh_families.revoked_at IS NULL
      AND refresh_families.expires_at > %(now)s
      AND users.id = refresh_families.user_id
      AND users.is_active
    RETURNING refresh_families.user_id
"""
