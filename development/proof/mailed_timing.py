"""Calls of which a mail alone tells who has an account: the kinds that the timing proof compares."""

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
TAKEN_ADDRESSES: Final = 50_000
"""Accounts, each of whose addresses is asked for once, as each free one is: budgets are spent alike."""


def mailed_settings(folder: str) -> Mapping[str, str]:
    """Return the settings of a service in confirmed mode whose mails go to a folder.

    It delivers none while it is measured, as a copy beside `doorward worker`: the work on one call's mail would be
    measured with the next call.
    """
    return {
        "REGISTRATION_CONFIRMATION": "true",
        "PUBLIC_URL": "https://auth.example.com",
        "MAIL_DEVELOPMENT_FOLDER": folder,
        "BACKGROUND": "off",
    }


class MailedSite:
    """The service, from one connection."""

    def __init__(self, url: str, database_url: str) -> None:
        """Store the accounts whose addresses are taken."""
        self._url = f"{url}/api/v1/auth"
        self._session = requests.Session()
        self._session.trust_env = False
        self._addresses: Mapping[str, Iterator[str]] = {
            "taken": (f"taken{number}@example.com" for number in range(TAKEN_ADDRESSES)),
            "free": (f"free{number}@example.com" for number in itertools.count()),
        }
        self._tokens: dict[str, str] = {}
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO users (id, email, email_key, username, username_key, password_hash) "
                "SELECT gen_random_uuid(), address, address, name, name, 'of no password' "
                "FROM (SELECT 'taken' || number AS name, 'taken' || number || '@example.com' AS address "
                "FROM generate_series(0, %s) AS number) AS names",
                [TAKEN_ADDRESSES - 1],
            )
            connection.execute("VACUUM ANALYZE users")

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def kinds(self) -> Mapping[str, list[Kind]]:
        """Return the groups of calls that must be one to an attacker, by what they are called."""
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
        }

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
