"""Statements and commits of each flow, counted by PostgreSQL's log and its transaction ids."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
import requests

from benchmarks.processes import CALL_SECONDS
from benchmarks.service import Service
from development.proof.service import tokens_of
from doorward.domain.auth.tokens.one_time_token import Purpose

AUTH: Final = "/api/v1/auth"
ACCOUNT: Final = "/api/v1/account"
PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that live for one measurement
NEW_PASSWORD: Final = "three red kites circling"  # noqa: S105 - as above
RESET_PASSWORD: Final = "four other random words"  # noqa: S105 - as above
_STATEMENT: Final = re.compile(r"\[(?P<process>\d+)\] LOG:  (?:statement|execute [^:]*): \s*(?P<text>.*)", re.DOTALL)
_ENTRY: Final = re.compile(r"^(?=\d{4}-\d\d-\d\d )", re.MULTILINE)
_WRITES: Final = re.compile(r"\b(?:INSERT INTO|DELETE FROM|UPDATE \w+\s+(?:AS \w+\s+)?SET)\b")

_CLOCK: Final = "extract(epoch FROM clock_timestamp())"
"""The service's background query that compares its clock with PostgreSQL's. It is not counted."""

BUDGETS: Final = {
    "/me": (1, 0),
    "refresh": (1, 1),
    "register": (6, 1),
    "login": (8, 2),
    "login, known device": (7, 2),
    "forgot": (1, 1),
    "verify, by session": (6, 1),
    "change of password": (11, 2),
    "end of all others": (5, 1),
    "reset": (7, 1),
}
"""The maximum cost of each flow, including mails and audit."""


@dataclass(frozen=True)
class Cost:
    """The number of statements without BEGIN and COMMIT, and of transactions that wrote."""

    statements: int
    commits: int


class StatementLog:
    """Counts the statements sent to one database, by the server's log."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Take a connection to the same server, but not to the measured database, whose statements are logged."""
        self._connection = connection

    def cost_of(self, call: Callable[[], object]) -> Cost:
        """Return the cost of a call."""
        before = len(self._statements())
        call()
        statements = commits = 0
        open_transactions: dict[str, bool] = {}
        for process, text in self._statements()[before:]:
            if text.startswith("BEGIN"):
                open_transactions[process] = False
            elif text.startswith(("COMMIT", "ROLLBACK")):
                commits += open_transactions.pop(process, False) and text.startswith("COMMIT")
            else:
                statements += 1
                has_written = _WRITES.search(text) is not None
                if process in open_transactions:
                    open_transactions[process] = open_transactions[process] or has_written
                else:
                    commits += has_written
        return Cost(statements, commits)

    def _statements(self) -> list[tuple[str, str]]:
        """Return the process and the text of each statement so far."""
        row = self._connection.execute("SELECT pg_read_file('server.log')").fetchone()
        found = map(_STATEMENT.search, _ENTRY.split(row[0] if row else ""))
        texts = [(each["process"], each["text"]) for each in found if each is not None]
        return [(process, text) for process, text in texts if _CLOCK not in text]


class Flows:
    """Each flow as one call, with its own account."""

    def __init__(self, service: Service, database_url: str, secret_key: str) -> None:
        """Take the service, its database, and its key for making the tokens of mails."""
        self._service = service
        self._tokens = tokens_of({"SECRET_KEY": secret_key, "DATABASE_URL": database_url})
        self._database_url = database_url
        self._http = requests.Session()
        self._http.trust_env = False

    def costs(self, log: StatementLog) -> Iterator[tuple[str, Cost]]:
        """Yield the cost of each flow. Each is called once before, so that all connections have their settings."""
        for name in ("before", "measured"):
            costs = dict(self._journey(f"flows-{name}", log))
        yield from costs.items()

    def _journey(self, name: str, log: StatementLog) -> Iterator[tuple[str, Cost]]:
        email = f"{name}@example.com"
        account = {"email": email, "username": name, "password": PASSWORD}
        yield "register", log.cost_of(lambda: self._post(f"{AUTH}/register", json=account))
        login = {"username": name, "password": PASSWORD}
        yield "login", log.cost_of(lambda: self._post(f"{AUTH}/token", data=login))
        device = self._post(f"{AUTH}/token", data=login).headers["Doorward-Device"]
        shown = {"Doorward-Device": device}
        yield "login, known device", log.cost_of(lambda: self._post(f"{AUTH}/token", data=login, headers=shown))
        pair = self._post(f"{AUTH}/token", data=login, headers=shown).json()
        yield "/me", log.cost_of(lambda: self._get(f"{AUTH}/me", pair))
        refresh = {"refresh_token": pair["refresh_token"]}
        yield "refresh", log.cost_of(lambda: self._post(f"{AUTH}/refresh", json=refresh))
        verification = {"token": self._mailed(name, Purpose.VERIFY_EMAIL)}
        bearer = {"Authorization": f"Bearer {pair['access_token']}"}
        yield (
            "verify, by session",
            log.cost_of(lambda: self._post(f"{AUTH}/email/verify", json=verification, headers=bearer)),
        )
        others = {"which": "others"}
        yield (
            "end of all others",
            log.cost_of(lambda: self._post(f"{ACCOUNT}/sessions/end", json=others, headers=bearer)),
        )
        change = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        yield (
            "change of password",
            log.cost_of(lambda: self._post(f"{ACCOUNT}/password", json=change, headers=bearer)),
        )
        yield "forgot", log.cost_of(lambda: self._post(f"{AUTH}/password/forgot", json={"email": email}))
        reset = {"token": self._mailed(name, Purpose.PASSWORD_RESET), "new_password": RESET_PASSWORD}
        yield "reset", log.cost_of(lambda: self._post(f"{AUTH}/password/reset", json=reset))

    def _mailed(self, name: str, purpose: Purpose) -> str:
        """Store a token as the worker does when it sends a mail."""

        async def issue() -> str:
            async with await psycopg.AsyncConnection.connect(self._database_url, autocommit=True) as connection:
                cursor = await connection.execute("SELECT id, email_key FROM users WHERE username = %s", (name,))
                row: tuple[UUID, str] | None = await cursor.fetchone()
                if row is None:
                    raise RuntimeError(f"there is no {name}")
                user_id, email_key = row
                issued = await self._tokens.issue(
                    connection,
                    purpose,
                    user_id=user_id,
                    email_key=email_key,
                    message_id=uuid4(),
                    now=datetime.now(UTC),
                )
                return issued.text

        return asyncio.run(issue())

    def _post(self, path: str, **options: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        answer = self._http.post(f"{self._service.url}{path}", timeout=CALL_SECONDS, **options)
        answer.raise_for_status()
        return answer

    def _get(self, path: str, pair: dict[str, str]) -> None:
        headers = {"Authorization": f"Bearer {pair['access_token']}"}
        self._http.get(f"{self._service.url}{path}", headers=headers, timeout=CALL_SECONDS).raise_for_status()
