"""Faults of one line each in the rules of sessions and accounts, and what an attacker gains by each.

``planting.py`` writes them into copies of the product; the walks must find every one.
"""

from typing import Final

from development.proof.model.administration_faults import ADMINISTRATION_FAULTS
from development.proof.model.browser_faults import BROWSER_FAULTS
from development.proof.model.device_faults import DEVICE_FAULTS
from development.proof.model.factor_faults import FACTOR_FAULTS
from development.proof.model.fault import Fault

SESSIONS_SQL: Final = "domain/auth/repositories/sessions.py"
ROTATIONS_SQL: Final = "domain/auth/repositories/rotations.py"
THROTTLES_SQL: Final = "domain/auth/repositories/throttles.py"
USERS_SQL: Final = "domain/auth/repositories/users.py"
HASHES_SQL: Final = "domain/auth/repositories/password_hashes.py"
OWN_SESSIONS_SQL: Final = "domain/auth/repositories/own_sessions.py"
SESSION_ENDING: Final = "domain/auth/sessions/own_ending.py"
DELETIONS_SQL: Final = "domain/accounts/repositories/deletions.py"
ACCOUNTS_SQL: Final = "domain/accounts/repositories/accounts.py"
TOKENS_SQL: Final = "domain/auth/repositories/one_time_tokens.py"
VERIFICATION: Final = "domain/accounts/verification.py"
EMAIL_CHANGES_SQL: Final = "domain/accounts/repositories/email_changes.py"
ADMISSION: Final = "domain/auth/sessions/admission.py"
SESSIONS: Final = "domain/auth/sessions/sessions.py"
ACCOUNT_MODELS: Final = "domain/accounts/models.py"
POLICY: Final = "domain/auth/sessions/policy.py"


FAULTS: Final = (
    Fault(
        ROTATIONS_SQL,
        "                  AND sessions.generation = token.generation\n",
        "",
        "a used refresh token can be used again",
    ),
    Fault(
        ROTATIONS_SQL,
        "expires_at > %(now)s\n                  AND clock_timestamp()",
        "expires_at >= %(now)s\n                  AND clock_timestamp()",
        "a session works at the moment of its expiry",
    ),
    Fault(
        ROTATIONS_SQL,
        "            expires_at = LEAST(%(idle_expires_at)s, session_expires_at)",
        "            expires_at = %(idle_expires_at)s",
        "a stolen session in use never expires",
    ),
    Fault(
        ROTATIONS_SQL,
        "            refreshed_at = %(now)s,",
        "            refreshed_at = sessions.created_at,",
        "the leeway is counted from the login",
    ),
    Fault(
        "domain/auth/repositories/dead_sessions.py",
        "              AND LEAST(expires_at, ended_at) < %(dead_before)s",
        "              AND LEAST(refreshed_at, ended_at) < %(dead_before)s",
        "pruning ends sessions that live",
    ),
    Fault(
        ADMISSION,
        "    if not account.is_active:",
        "    if not account.is_active and account.session_epoch != proof.session_epoch:",
        "a user who was deactivated by SQL can log in",
    ),
    Fault(
        ADMISSION,
        "    if policy.requires_verified_email and not account.is_verified:",
        "    if policy.requires_verified_email and not account.is_active:",
        "an attacker who registers another's address logs in where addresses must be verified",
    ),
    Fault(
        SESSIONS_SQL,
        "sessions.user_id = ANY(%(user_ids)s)\n              AND sessions.ended_at IS NULL",
        "sessions.user_id = ANY(%(user_ids)s)",
        "access tokens still work after a logout",
    ),
    Fault(
        SESSIONS_SQL,
        '              AND users.is_active\n              AND users.session_epoch = sessions.epoch\n            """',
        '              AND users.is_active\n            """',
        "access tokens work again when a deactivated user is activated",
    ),
    Fault(
        SESSION_ENDING,
        "    ended = await own_sessions.end_epoch_of_user(\n"
        "        connection, user_id, kept_id=None, device_id=None, most_counted=MAXIMUM_COUNTED_SESSIONS\n    )\n"
        "    event = SessionAllEnded(user_id=user_id, reason=reason, count=ended.count)\n",
        "    count = await count_sessions(connection, user_id, epoch=0)\n"
        "    event = SessionAllEnded(user_id=user_id, reason=reason, count=count)\n",
        "a user's sessions continue after an administrator ended them",
    ),
    Fault(
        ROTATIONS_SQL,
        "                  AND users.session_epoch = sessions.epoch\n                FOR NO KEY",
        "                FOR NO KEY",
        "a session that was ended with all others is refreshed once its user is activated",
    ),
    Fault(
        POLICY,
        "    if session is None or not compare_digest(session.secret_hash, hash_secret(token.secret)):",
        "    if session is None:",
        "a session's id and the server's key end it without its secret",
    ),
    Fault(
        POLICY,
        "        return RefreshVerdict.END if is_confidential else RefreshVerdict.REFUSE",
        "        return RefreshVerdict.REFUSE",
        "a client with a secret can try stolen tokens without ending their sessions",
    ),
    Fault(
        POLICY,
        "        return RefreshVerdict.END if is_confidential else RefreshVerdict.REFUSE",
        "        return RefreshVerdict.END",
        "a caller that names another client ends sessions with tokens that are not its own",
    ),
    Fault(
        ROTATIONS_SQL,
        "                  AND sessions.client_id = %(client_id)s\n",
        "",
        "a client can refresh the sessions of another",
    ),
    Fault(
        POLICY,
        "    is_direct_predecessor = token.generation == session.generation - 1",
        "    is_direct_predecessor = token.generation < session.generation",
        "an ancestor gets a live token within the leeway",
        mode="leeway",
    ),
    Fault(
        POLICY,
        "    if is_direct_predecessor and leeway > timedelta(0) and now - session.refreshed_at <= leeway:",
        "    if is_direct_predecessor and now - session.refreshed_at <= leeway:",
        "in strict mode, a used token gets its live successor within the same moment",
    ),
    Fault(
        SESSIONS,
        "if session and is_reuse else ()\n",
        "if session and is_reuse else ()\n            if is_reuse:\n                raise InvalidRefreshTokenError\n",
        "the end of a stolen session is rolled back with the refusal",
    ),
    Fault(
        "domain/auth/tokens/refresh_token.py",
        "        self._readable_keys = (key,) if previous_key is None else (key, previous_key)",
        "        self._readable_keys = (key,)",
        "a change of the key signs all users out",
    ),
    Fault(
        "infrastructure/access_tokens.py",
        "        if present >= verified.expires_at or",
        "        if present > verified.expires_at or",
        "an access token works at the moment of its expiry",
    ),
    Fault(
        HASHES_SQL,
        "        SET password_hash = %(new)s",
        "        SET password_hash = %(old)s",
        "weak password hashes are not replaced",
    ),
    Fault(
        USERS_SQL,
        "            session_epoch = session_epoch + 1,\n",
        "",
        "a thief's session works again when the account is activated",
    ),
    Fault(
        ROTATIONS_SQL,
        "AND users.is_active\n                  AND users.session_epoch = sessions.epoch\n                FOR NO KEY",
        "AND users.session_epoch = sessions.epoch\n                FOR NO KEY",
        "a user who was deactivated by SQL can still refresh",
    ),
    Fault(
        SESSIONS,
        "if not isinstance(principal, Principal) or principal.client_id != client_id:",
        "if not isinstance(principal, Principal) or principal.client_id == client_id:",
        "a logout with the access token does not end the session",
    ),
    Fault(
        SESSIONS,
        "return [session_of.get((principal.session_id, principal.user_id)) for principal in principals]",
        "return [next((one for one in found if one.user_id == principal.user_id), None) for principal in principals]",
        "an ended session's access token works while another session of its user is looked up",
    ),
    Fault(
        THROTTLES_SQL,
        "        WHERE NOT throttle.next_at > clock_timestamp()\n          AND throttle",
        "        WHERE throttle",
        "attackers can try a hundred passwords concurrently",
    ),
    Fault(
        SESSIONS_SQL,
        "THEN refreshed_at ELSE created_at END DESC",
        "THEN refreshed_at ELSE created_at END",
        "frequent logins end the session in use instead of idle ones",
    ),
    Fault(
        ROTATIONS_SQL,
        "    return [rotated.get(position) for",
        "    return [next(iter(rotated.values()), None) for",
        "two concurrent uses of one token both get its successor",
    ),
    Fault(
        EMAIL_CHANGES_SQL,
        "                    email_bounced_at = NULL,\n                    session_epoch = session_epoch + 1,\n",
        "                    email_bounced_at = NULL,\n",
        "a stolen session outlives a change of the e-mail address",
    ),
    Fault(
        ACCOUNTS_SQL,
        "                session_epoch = session_epoch + 1,\n                version",
        "                version",
        "a thief stays signed in when the password is changed",
    ),
    Fault(
        OWN_SESSIONS_SQL,
        "                WHERE sessions.id = %(kept_id)s\n                  AND sessions.user_id",
        "                WHERE sessions.user_id",
        "sessions that were ended with all others work again",
    ),
    Fault(
        DELETIONS_SQL,
        "            session_epoch = session_epoch + 1,\n",
        "",
        "a thief stays signed in when the account is deleted and restored",
    ),
    Fault(
        OWN_SESSIONS_SQL,
        "        SET id = %(id)s,\n            secret_hash",
        "        SET secret_hash",
        "a stolen access token gains the authentication level of its user's reauthentication",
    ),
    Fault(
        ACCOUNTS_SQL,
        "            session_epoch = session_epoch + 1,\n            email_verified_at",
        "            email_verified_at",
        "a thief stays signed in when the owner resets the password",
    ),
    Fault(
        TOKENS_SQL,
        "        DELETE FROM one_time_tokens\n        WHERE user_id = %(user_id)s\n"
        "          AND purpose = %(purpose)s\n          AND secret_hash",
        "        UPDATE one_time_tokens SET slot = slot\n        WHERE user_id = %(user_id)s\n"
        "          AND purpose = %(purpose)s\n          AND secret_hash",
        "a used link verifies again",
    ),
    Fault(
        VERIFICATION,
        "                if shown.user_id != user_id:\n",
        "                if shown.user_id == UUID(int=0):\n",
        "the owner of a mailbox verifies an account that another person made with its address",
    ),
    Fault(
        ACCOUNT_MODELS,
        "return self.is_active or (self.restorable_until is not None and self.restorable_until > now)",
        "return self.is_active",
        "a thief with the password can have an account erased, since its owner gets no reset",
    ),
    *ADMINISTRATION_FAULTS,
    *FACTOR_FAULTS,
    *BROWSER_FAULTS,
    *DEVICE_FAULTS,
)
