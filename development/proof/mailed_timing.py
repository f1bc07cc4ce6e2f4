"""Calls that reveal only by mail whether an account exists: the kinds that the timing proof compares."""

import itertools
import secrets
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

import psycopg
import requests

from benchmarks.processes import CALL_SECONDS
from development.proof.timing_kinds import PASSWORD, Kind

WRONG_CODE: Final = "12345678"
MAILED: Final = "taken0@example.com"
INVITED: Final = "invited@example.com"
FREE: Final = "nowhere@example.com"
TAKEN_ADDRESSES: Final = 50_000
"""Number of accounts. Each address is used once, like each free address, so that budgets are spent equally."""


def mailed_settings(folder: str) -> Mapping[str, str]:
    """Return the settings of a service in confirmed mode whose mails go to a folder.

    It delivers no mail during the measurement, like a copy beside `doorward worker`: the work on one call's mail would
    delay the next call.
    """
    return {
        "REGISTRATION_CONFIRMATION": "true",
        "PUBLIC_URL": "https://auth.example.com",
        "MAIL_DEVELOPMENT_FOLDER": folder,
        "BACKGROUND": "off",
    }


class MailedSite:
    """Calls to the service over one connection."""

    def __init__(self, url: str, database_url: str) -> None:
        """Store the accounts of the taken addresses."""
        self._site, self._url = url, f"{url}/api/v1/auth"
        self._session = requests.Session()
        self._session.trust_env = False
        self._addresses: Mapping[str, Iterator[str]] = {
            "taken": (f"taken{number}@example.com" for number in range(TAKEN_ADDRESSES)),
            "free": (f"free{number}@example.com" for number in itertools.count()),
        }
        self._tokens: dict[str, str] = {}
        self._operator = psycopg.connect(database_url, autocommit=True)
        self._operator.execute(
            "INSERT INTO users (id, email, email_key, username, username_key, password_hash) "
            "SELECT gen_random_uuid(), address, address, name, name, 'of no password' "
            "FROM (SELECT 'taken' || number AS name, 'taken' || number || '@example.com' AS address "
            "FROM generate_series(0, %s) AS number) AS names",
            [TAKEN_ADDRESSES - 1],
        )
        self._operator.execute("VACUUM ANALYZE users")
        self._mail_codes()

    def _mail_codes(self) -> None:
        """Store what a reset mail and an invitation mail leave, with codes that do not expire."""
        self._operator.execute(
            "INSERT INTO one_time_tokens (user_id, purpose, slot, message_id, email_key, secret_hash, code_mac,"
            " code_expires_at, created_at, expires_at)"
            " SELECT id, 'password_reset', 0, gen_random_uuid(), email_key, sha256('secret'), sha256('code'),"
            " '2100-01-01', now(), '2100-01-01' FROM users WHERE email_key = %s",
            [MAILED],
        )
        self._operator.execute(
            "INSERT INTO invitations (id, email, email_key, secret_hash, code_mac, code_expires_at, created_at,"
            " expires_at) VALUES (gen_random_uuid(), %(email)s, %(email)s, sha256('secret'), sha256('code'),"
            " '2100-01-01', now(), '2100-01-01')",
            {"email": INVITED},
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
        self._operator.close()

    def kinds(self) -> Mapping[str, list[Kind]]:
        """Return the kinds of calls by group; an attacker must not be able to distinguish the kinds of one group."""
        return {
            "Registrations in confirmed mode": [
                Kind(f"{name} address", partial(self._register, name), 202) for name in self._addresses
            ],
            "Wrong codes of registrations": [
                Kind(
                    f"{name} address",
                    partial(self._confirm, name),
                    422,
                    prepare=partial(self._begin, name),
                )
                for name in self._addresses
            ],
            "Requests for another mail": [
                Kind(
                    f"{name} address",
                    partial(self._resend, name),
                    202,
                    prepare=partial(self._begin, name),
                )
                for name in self._addresses
            ],
            "Forgotten passwords": [
                Kind(f"{name} address", partial(self._forget, name), 202) for name in self._addresses
            ],
            **self._guesses(),
        }

    def _guesses(self) -> Mapping[str, list[Kind]]:
        """Return the calls with wrong codes and passwords whose refusals must not reveal whether an account exists."""
        return {
            "Wrong codes of resets": [
                Kind(f"{name} address", partial(self._reset, address), 422, prepare=self._give_tries_back)
                for name, address in {"mailed": MAILED, "free": FREE}.items()
            ],
            "Wrong codes of invitations": [
                Kind(f"{name} address", partial(self._accept, address), 422, prepare=self._give_tries_back)
                for name, address in {"invited": INVITED, "free": FREE}.items()
            ],
            "Wrong passwords of restorations": [
                Kind(name, partial(self._restore, username), 422, prepare=self._forget_failures)
                for name, username in {
                    "account": "known", "account that waits for its deletion": "leaving", "free name": "nowhere"
                }.items()
            ],
        }  # fmt: skip

    def _reset(self, email: str) -> requests.Response:
        return self._post("password/reset", {"email": email, "code": WRONG_CODE, "new_password": PASSWORD})

    def _accept(self, email: str) -> requests.Response:
        body = {"email": email, "code": WRONG_CODE, "username": "newcomer", "password": PASSWORD}
        return self._post("invitations/accept", body)

    def _give_tries_back(self) -> None:
        self._operator.execute("UPDATE one_time_tokens SET code_attempts = 0")
        self._operator.execute("UPDATE invitations SET code_attempts = 0")

    def _restore(self, username: str) -> requests.Response:
        form = {"username": username, "password": f"not {PASSWORD}"}
        return self._session.post(f"{self._site}/account/restore", data=form, timeout=CALL_SECONDS)

    def _forget_failures(self) -> None:
        self._operator.execute("DELETE FROM login_throttles")

    def _post(self, path: str, body: Mapping[str, str]) -> requests.Response:
        return self._session.post(f"{self._url}/{path}", json=body, timeout=CALL_SECONDS)

    def _register(self, name: str) -> requests.Response:
        username = f"u{secrets.token_hex(8)}"
        body = {"email": next(self._addresses[name]), "username": username, "password": PASSWORD}
        return self._post("register", body)

    def _begin(self, name: str) -> None:
        self._tokens[name] = self._register(name).json()["registration_token"]

    def _confirm(self, name: str) -> requests.Response:
        return self._post("register/confirm", {"registration_token": self._tokens[name], "code": WRONG_CODE})

    def _resend(self, name: str) -> requests.Response:
        return self._post("register/resend", {"registration_token": self._tokens[name]})

    def _forget(self, name: str) -> requests.Response:
        return self._post("password/forgot", {"email": next(self._addresses[name])})
