"""Refused second factors: the kinds of calls that the timing proof compares."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
import requests

from benchmarks.processes import CALL_SECONDS
from development.client import ACCOUNT, AUTH
from development.proof.second_factors import Application, present_step
from development.proof.timing_kinds import PASSWORD, Kind
from doorward.domain.auth.login.pending_login import PendingLogin
from doorward.domain.auth.login.throttling import STRANGERS
from doorward.domain.auth.sessions.grants import FIRST_PARTY
from doorward.settings.config import settings_from
from doorward.wiring.auth import create_pending_logins

REFUSED: Final = 403
WRONG_PASSWORD: Final = "a password of nobody at all"  # noqa: S105 - of no account
UNKNOWN_CODE: Final = "0000-0000-0000"


class FactorSite:
    """The calls that complete logins, over one connection. Pending logins are issued like the service issues them."""

    def __init__(self, url: str, database_url: str, secret_key: str) -> None:
        """Create an account with an authenticator application, and one without a second factor."""
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._operator = psycopg.connect(database_url, autocommit=True)
        self._pending = create_pending_logins(
            settings_from({"environment": "production", "secret_key": secret_key, "database_url": database_url}).keys
        )
        self._bare_id, _ = self._sign_up("bare")
        self._protected_id, access = self._sign_up("protected")
        begun = self._post(f"{ACCOUNT}/second-factors/totp", {}, access)
        self._application = Application(begun.json()["secret"])
        body = {"token": begun.json()["token"], "code": self._application.code(present_step())}
        enrolled = self._post(f"{ACCOUNT}/second-factors/totp/confirm", body, access)
        enrolled.raise_for_status()
        self._used_code = enrolled.json()["recovery_codes"][0]
        self._use(self._used_code)
        self._token = self._code = ""
        self._operator.execute("VACUUM ANALYZE users, totp_factors, recovery_codes, login_throttles")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
        self._operator.close()

    def kinds(self) -> Mapping[str, list[Kind]]:
        """Return the kinds of calls by group; an attacker must not be able to distinguish the kinds of one group."""
        owners: dict[str, Callable[[], UUID]] = {
            "an account with an application": lambda: self._protected_id,
            "an account without second factors": lambda: self._bare_id,
            "an account that is gone": uuid4,
        }
        return {
            "Refused codes of applications": [
                *(
                    Kind(f"wrong code of {name}", self._complete, REFUSED, prepare=partial(self._prepare_wrong, owner))
                    for name, owner in owners.items()
                ),
                Kind("used code", self._complete, REFUSED, prepare=self._prepare_used),
            ],
            "Refused recovery codes": [
                *(
                    Kind(
                        f"unknown code of {name}",
                        partial(self._complete, "recovery-code"),
                        REFUSED,
                        prepare=partial(self._prepare, owner, UNKNOWN_CODE),
                    )
                    for name, owner in owners.items()
                ),
                Kind(
                    "used code",
                    partial(self._complete, "recovery-code"),
                    REFUSED,
                    prepare=partial(self._prepare, lambda: self._protected_id, self._used_code),
                ),
            ],
            "Wrong passwords of accounts with and without a second factor": [
                Kind(name, partial(self._log_in, name), 401, prepare=self._forget_failures)
                for name in ("protected", "bare")
            ],
        }

    def _prepare(self, owner: Callable[[], UUID], code: str) -> None:
        """Issue a pending login, and delete earlier failures."""
        login = PendingLogin(owner(), 1, ("pwd",), FIRST_PARTY, STRANGERS, device_id=None, is_new=False)
        self._token, self._code = self._pending.issue(login, now=datetime.now(UTC)), code
        self._forget_failures()

    def _prepare_wrong(self, owner: Callable[[], UUID]) -> None:
        step = present_step()
        right = {self._application.code(each) for each in range(step - 2, step + 3)}
        self._prepare(owner, next(f"{number:06}" for number in range(len(right) + 1) if f"{number:06}" not in right))

    def _prepare_used(self) -> None:
        """Mark the current code as used."""
        step = present_step()
        self._operator.execute("UPDATE totp_factors SET last_step = %s", [step + 1])
        self._prepare(lambda: self._protected_id, self._application.code(step))

    def _complete(self, method: str = "totp") -> requests.Response:
        return self._post(f"{AUTH}/second-factor/{method}", {"mfa_token": self._token, "code": self._code})

    def _use(self, code: str) -> None:
        login = PendingLogin(self._protected_id, 1, ("pwd",), FIRST_PARTY, STRANGERS, device_id=None, is_new=False)
        body = {"mfa_token": self._pending.issue(login, now=datetime.now(UTC)), "code": code}
        self._post(f"{AUTH}/second-factor/recovery-code", body).raise_for_status()

    def _sign_up(self, name: str) -> tuple[UUID, str]:
        account = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        registered = self._post(f"{AUTH}/register", account)
        login = self._log_in(name, PASSWORD)
        login.raise_for_status()
        return UUID(registered.json()["id"]), login.json()["access_token"]

    def _log_in(self, name: str, password: str = WRONG_PASSWORD) -> requests.Response:
        form = {"username": name, "password": password}
        return self._session.post(f"{self._url}{AUTH}/token", data=form, timeout=CALL_SECONDS)

    def _post(self, path: str, body: Mapping[str, Any], access: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {access}"} if access else {}
        return self._session.post(f"{self._url}{path}", json=body, headers=headers, timeout=CALL_SECONDS)

    def _forget_failures(self) -> None:
        self._operator.execute("DELETE FROM login_throttles")
