"""The second factor that administration requires in production: an authenticator application, set up over the API."""

from typing import Any, Final

import pyotp
import requests

from development.client import ACCOUNT

OWN_TOTP: Final = f"{ACCOUNT}/second-factors/totp"
CALL_SECONDS: Final = 30


def application_of(secret: str) -> pyotp.TOTP:
    """Return the application with this secret. ``now()`` is its current code; each code works once."""
    return pyotp.TOTP(secret)


def set_up_application(url: str, access_token: str) -> str:
    """Protect the account of a newly started session; return the access token of the session that remains.

    That session has two factors; all other sessions of the account have ended. Raises ``requests.HTTPError``.
    """
    with requests.Session() as session:
        # Ignore the proxy environment variables.
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
