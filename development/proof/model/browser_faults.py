"""Faults of one line each in sessions of browsers and in codes, and what an attacker would have of them."""

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
        "a cookie that was found works for ever",
    ),
    Fault(
        BROWSER_SESSION,
        "        return min(now + BrowserStay(is_kept=self.is_kept).limits.idle, self.ends_at)\n",
        "        return now + BrowserStay(is_kept=self.is_kept).limits.idle\n",
        "a browser that is used stays signed in for ever",
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
        "an application outlives the sign-out of whoever has signed in again",
    ),
    Fault(
        CODES_SQL,
        "            DELETE FROM oauth_codes\n            WHERE id = %(id)s\n              AND user_id = %(user_id)s\n"
        "              AND secret_hash = %(secret_hash)s\n            RETURNING",
        "            UPDATE oauth_codes SET id = id\n            WHERE id = %(id)s\n"
        "              AND user_id = %(user_id)s\n"
        "              AND secret_hash = %(secret_hash)s\n            RETURNING",
        "whoever reads a code in a log tries verifiers until one is right",
    ),
    Fault(
        EXCHANGE,
        "            ended = await end_session_of_code(connection, token, now=now, "
        "address_detail=self._address_detail)\n",
        "            ended: Sequence[SessionEnded] = ()\n",
        "a thief who was first with a code keeps the session",
    ),
    Fault(
        REDEMPTION,
        "    if now >= code.expires_at:\n",
        "    if now > code.expires_at:\n",
        "a code works at the very moment of its end",
    ),
    Fault(
        REDEMPTION,
        '    if code.client_id != client.client_id:\n        return "client"\n',
        "",
        "another application redeems a code that it was shown",
    ),
    Fault(
        REDEMPTION,
        '    if code.redirect_uri != redemption.redirect_uri:\n        return "redirect_uri"\n',
        "",
        "a code that was sent to another address is redeemed",
    ),
    Fault(
        REDEMPTION,
        '    return None if is_verified(code.code_challenge, redemption.verifier) else "verifier"\n',
        "    return None\n",
        "whoever reads a code redeems it",
    ),
    Fault(
        ENDINGS_SQL,
        "        WHERE sessions.user_id = %(user_id)s\n          AND sessions.client_id = %(client_id)s\n",
        "        WHERE sessions.user_id = %(user_id)s\n          AND sessions.client_id <> %(client_id)s\n",
        "an application goes on after its user has taken consent back",
    ),
    Fault(
        CONSENTS,
        "            await codes.remove_codes_of_user(connection, user_id, client_id)\n",
        "",
        "an application redeems a code after its user has taken consent back",
    ),
    Fault(
        EXCHANGE,
        "None if is_offline else code.session_ends_at\n",
        "None\n",
        "an application outlives the session of the browser",
    ),
)
