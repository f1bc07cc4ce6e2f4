"""Faults of one line each in browser sessions and authorization codes, and what an attacker gains by each."""

from typing import Final

from development.proof.model.fault import Fault

BROWSERS_SQL: Final = "domain/auth/repositories/browser_sessions.py"
ENDINGS_SQL: Final = "domain/auth/repositories/application_sessions.py"
CODES_SQL: Final = "domain/oauth/repositories/codes.py"
EXCHANGE: Final = "domain/oauth/code_exchange.py"
REDEMPTION: Final = "domain/oauth/code_models.py"
DECISION: Final = "domain/oauth/authorization_decision.py"
CONSENTS: Final = "domain/oauth/consents.py"
BROWSER_SESSION: Final = "domain/auth/sessions/browser_session.py"

BROWSER_FAULTS: Final = (
    Fault(
        BROWSERS_SQL,
        '              AND users.session_epoch = browser_sessions.epoch\n            """,\n            {\n',
        '            """,\n            {\n',
        "a thief's cookie works after all sessions were ended",
    ),
    Fault(
        BROWSERS_SQL,
        "            WHERE browser_sessions.expires_at > %(now)s\n              AND users.is_active\n",
        "            WHERE users.is_active\n",
        "a stolen cookie never expires",
    ),
    Fault(
        BROWSER_SESSION,
        "        return min(now + BrowserStay(is_kept=self.is_kept).limits.idle, self.ends_at)\n",
        "        return now + BrowserStay(is_kept=self.is_kept).limits.idle\n",
        "a browser in use never has to sign in again",
    ),
    Fault(
        BROWSERS_SQL,
        "              AND sessions.browser_session_id = gone.id\n              AND NOT sessions.is_offline\n",
        "              AND sessions.browser_session_id = gone.id\n              AND sessions.is_offline\n",
        "an application stays signed in after the browser has signed out",
    ),
    Fault(
        BROWSERS_SQL,
        "              AND sessions.browser_session_id = replaced.id\n",
        "              AND sessions.browser_session_id = %(id)s\n",
        "an application's session survives a sign-out after a second sign-in",
    ),
    Fault(
        CODES_SQL,
        "            DELETE FROM oauth_codes\n            WHERE id = %(id)s\n              AND user_id = %(user_id)s\n"
        "              AND secret_hash = %(secret_hash)s\n            RETURNING",
        "            UPDATE oauth_codes SET id = id\n            WHERE id = %(id)s\n"
        "              AND user_id = %(user_id)s\n"
        "              AND secret_hash = %(secret_hash)s\n            RETURNING",
        "an attacker with a logged code can try verifiers until one is right",
    ),
    Fault(
        EXCHANGE,
        "            ended = await end_session_of_code(connection, token, now=now, "
        "address_detail=self._address_detail)\n",
        "            ended: Sequence[SessionEnded] = ()\n",
        "a thief who redeems a code first keeps the session",
    ),
    Fault(
        REDEMPTION,
        "    if now >= code.expires_at:\n",
        "    if now > code.expires_at:\n",
        "a code works at the moment of its expiry",
    ),
    Fault(
        REDEMPTION,
        '    if code.client_id != client.client_id:\n        return "client"\n',
        "",
        "another application can redeem a leaked code",
    ),
    Fault(
        REDEMPTION,
        '    if code.redirect_uri != redemption.redirect_uri:\n        return "redirect_uri"\n',
        "",
        "a code for another redirect URI can be redeemed",
    ),
    Fault(
        REDEMPTION,
        '    return None if is_verified(code.code_challenge, redemption.verifier) else "verifier"\n',
        "    return None\n",
        "a leaked code can be redeemed without its verifier",
    ),
    Fault(
        ENDINGS_SQL,
        "        WHERE sessions.user_id = %(user_id)s\n          AND sessions.client_id = %(client_id)s\n",
        "        WHERE sessions.user_id = %(user_id)s\n          AND sessions.client_id <> %(client_id)s\n",
        "an application's session survives the withdrawal of consent",
    ),
    Fault(
        CONSENTS,
        "            await codes.remove_codes_of_user(connection, user_id, client_id)\n",
        "",
        "an application can redeem a code after the withdrawal of consent",
    ),
    Fault(
        EXCHANGE,
        "None if is_offline else code.session_ends_at\n",
        "None\n",
        "an application's session outlives the browser's",
    ),
)
