"""The second factor that administration needs in production, set up as a person does: by an application of codes."""

from typing import Any, Final

import pyotp
import requests

from development.client import ACCOUNT

OWN_TOTP: Final = f"{ACCOUNT}/second-factors/totp"
CALL_SECONDS: Final = 30


def application_of(secret: str) -> pyotp.TOTP:
    """Return the application into which a secret was typed. ``now()`` is the code that it shows; each works once."""
    return pyotp.TOTP(secret)


def set_up_application(url: str, access_token: str) -> str:
    """Protect the account of a session that has just begun; return the access token of the one that goes on.

    That is by two factors, and all other sessions of the account have ended. Raises ``requests.HTTPError``.
    """
    with requests.Session() as session:
        # No proxy is asked, whatever the environment says.
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {access_token}"
        enrolment = _post(session, url + OWN_TOTP, {})
        confirmation = {"token": enrolment["token"], "code": application_of(enrolment["secret"]).now()}
        return str(_post(session, f"{url}{OWN_TOTP}/confirm", confirmation)["access_token"])


def _post(session: requests.Session, url: str, body: dict[str, str]) -> dict[str, Any]:
    answer = session.post(url, json=body, timeout=CALL_SECONDS)
    answer.raise_for_status()
    members: dict[str, Any] = answer.json()
    return members
