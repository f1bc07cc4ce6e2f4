"""Faults of one line each in second factors and passkeys, and what an attacker gains by each."""

from typing import Final

from development.proof.model.fault import Fault

ADMISSION: Final = "domain/auth/sessions/admission.py"
REAUTHENTICATION: Final = "domain/auth/login/reauthentication.py"
FACTORS_SQL: Final = "domain/auth/repositories/second_factors.py"
USERS_SQL: Final = "domain/auth/repositories/users.py"
NONCES_SQL: Final = "domain/auth/repositories/used_nonces.py"
TOTP_SQL: Final = "domain/mfa/repositories/totp_factors.py"
CODES_SQL: Final = "domain/mfa/repositories/recovery_codes.py"
PASSKEY_LOGIN: Final = "domain/passkeys/authentication.py"
PASSKEY_FACTOR: Final = "domain/passkeys/second_factor.py"
PASSKEY_PROOFS: Final = "domain/passkeys/proofs.py"
PASSKEYS_SQL: Final = "domain/passkeys/repository.py"

FACTOR_FAULTS: Final = (
    Fault(
        ADMISSION,
        "    if account.second_factor and is_due:",
        "    if account.second_factor and is_due and proof.is_on_trusted_device:",
        "a thief with the password alone logs in",
    ),
    Fault(
        ADMISSION,
        "    if account.session_epoch != proof.session_epoch:",
        "    if account.session_epoch < proof.session_epoch:",
        "a pending login can be completed after all sessions were ended",
    ),
    Fault(
        TOTP_SQL,
        "        SET last_step = %(step)s\n",
        "        SET last_step = last_step\n",
        "a code read over a shoulder can be used again",
    ),
    Fault(
        TOTP_SQL,
        "          AND last_step < %(step)s\n",
        "",
        "two concurrent logins with one code both succeed",
    ),
    Fault(
        CODES_SQL,
        "            DELETE FROM recovery_codes\n            WHERE user_id = %(user_id)s\n"
        "              AND code_mac = ANY(%(macs)s)\n            RETURNING code_mac",
        "            SELECT code_mac FROM recovery_codes\n            WHERE user_id = %(user_id)s\n"
        "              AND code_mac = ANY(%(macs)s)",
        "a recovery code works repeatedly",
    ),
    Fault(
        CODES_SQL,
        "            DELETE FROM recovery_codes\n            WHERE user_id = %(user_id)s\n        )\n        INSERT",
        "            SELECT FROM recovery_codes\n            WHERE user_id = %(user_id)s\n        )\n        INSERT",
        "replaced recovery codes still work",
    ),
    Fault(
        FACTORS_SQL,
        "                session_epoch = session_epoch + 1,\n",
        "",
        "a thief's session outlives the second factor that was to end it",
    ),
    Fault(
        NONCES_SQL,
        "    return cursor.rowcount == 1\n",
        "    return True\n",
        "a pending login can be completed twice",
    ),
    Fault(
        PASSKEY_LOGIN,
        "credential, requires_user_verification=True)",
        "credential, requires_user_verification=False)",
        "a found security key logs in without a PIN",
    ),
    Fault(
        PASSKEY_PROOFS,
        "        if not await self._challenges.consume(connection, shown.token):\n",
        "        if await self._challenges.consume(connection, shown.token) is None:\n",
        "a recorded signature can sign in again",
    ),
    Fault(
        PASSKEYS_SQL,
        "          AND (sign_count < %(sign_count)s OR (sign_count = 0 AND %(sign_count)s = 0))\n",
        "",
        "a cloned authenticator is not detected",
    ),
    Fault(
        PASSKEYS_SQL,
        "        SET suspended_at = %(now)s\n",
        "        SET suspended_at = NULL\n",
        "a cloned authenticator signs in once its counter is ahead",
    ),
    Fault(
        USERS_SQL,
        "                       WHERE devices.user_id = users.id AND devices.epoch = users.session_epoch\n"
        "                         AND devices.id = %(device_id)s AND devices.secret_hash = %(secret_hash)s\n"
        "                         AND devices.trusted_at",
        "                       WHERE devices.user_id = users.id\n"
        "                         AND devices.id = %(device_id)s AND devices.secret_hash = %(secret_hash)s\n"
        "                         AND devices.trusted_at",
        "a thief's device stays remembered when all sessions are ended",
    ),
    Fault(
        USERS_SQL,
        "                         AND devices.trusted_at > %(trusted_since)s\n",
        "                         AND devices.trusted_at IS NOT NULL\n",
        "a remembered device never expires",
    ),
    Fault(
        REAUTHENTICATION,
        "        if caller.acr >= TWO_KINDS:\n            return\n",
        "        if caller.has_second_factor:\n            return\n",
        "an administrator's password alone gives access to administration",
    ),
    Fault(
        PASSKEY_FACTOR,
        "            if not credential.user_id == challenge[1].user_id == user_id:\n",
        "            if not challenge[1].user_id == user_id:\n",
        "a user with a passkey can complete a login with another user's password",
    ),
    Fault(
        PASSKEYS_SQL,
        '        DELETE FROM passkeys\n        WHERE user_id = %(user_id)s\n        """,\n',
        '        SELECT FROM passkeys\n        WHERE user_id = %(user_id)s\n        """,\n',
        "a lost passkey signs in after a reset",
    ),
)
