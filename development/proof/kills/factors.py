"""Kills the service while users set up, use and remove second factors.

Each change is atomic: factor, codes, epoch, session, audit events and mail. Acknowledged changes are stored, a
single-use value does not work again, and a call that was lost before the commit can be repeated.
"""

import asyncio
import contextlib
import random
import secrets
from collections.abc import Iterator
from typing import Any, Final

import psycopg

from development.proof.api import answer_to, api_at
from development.proof.kills.commits import FactorCommit, Moment
from development.proof.kills.ledger import Ledger
from development.proof.kills.protected import STEPS, Protected, Step, read
from development.proof.kills.protected_check import check
from development.proof.kills.protected_client import PASSWORD, ProtectedClient
from development.proof.kills.rounds import MAXIMUM_PASSES, Outcome, wait_for_kill
from development.proof.kills.service import KillableService, killable_service
from development.proof.service import ADMINISTRATION, proof_settings

CLIENTS: Final = 3
MAXIMUM_PEOPLE: Final = 50
"""The maximum number of users for one client; the service is expected to be dead long before."""

Point = tuple[FactorCommit, Moment]


class FactorRounds:
    """One service and its database, for any number of kills."""

    def __init__(self, service: KillableService, database_url: str) -> None:
        """Take the service, started with ``ADMINISTRATION``, and the URL of its database."""
        self._service = service
        self._database_url = database_url
        self._admin = f"admin-{secrets.token_hex(8)}"
        asyncio.run(self._add_administrator())

    async def _add_administrator(self) -> None:
        async with api_at(self._service.url) as api, await self._connect() as connection:
            await api.post_register(self._admin, f"{self._admin}@example.com", PASSWORD)
            await connection.execute("UPDATE users SET roles = '{admin}' WHERE username = %s", (self._admin,))

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self._database_url, autocommit=True)

    def kill(self, commit: FactorCommit, moment: Moment, outcome: Outcome) -> None:
        """Use the service until it is killed there; restart it; check the state."""
        people = self.use(point=(commit, moment))
        wait_for_kill(self._service)
        self._service.start()
        outcome.kills += 1
        outcome.people += len(people)
        outcome.sessions += sum(person.facts.sessions for person in people)
        outcome.unknown += sum(person.pending is not None for person in people)
        outcome.wrong += self.check(people)

    def use(
        self, maximum_people: int = MAXIMUM_PEOPLE, *, last: Step = STEPS[-1], point: Point | None = None
    ) -> list[Protected]:
        """Let clients use the service, with at most this many users each; return the users of the ledger.

        Each user takes the steps up to ``last``. If a point is given, the service is killed there.
        """
        path = self._service.folder / secrets.token_hex(8)
        written = Ledger(path)
        with contextlib.closing(written):
            asyncio.run(self._use(written, maximum_people, last, point))
        return read(path)

    async def _use(self, ledger: Ledger, maximum_people: int, last: Step, point: Point | None) -> None:
        async with api_at(self._service.url) as api, await self._connect() as operator:
            await operator.execute("DELETE FROM outbox")
            administrator = (await answer_to(api.post_token(self._admin, PASSWORD))).access
            if point is not None:
                self._service.arm(*point, random.randint(1, MAXIMUM_PASSES))
            clients = [ProtectedClient(api, ledger, operator, administrator, last) for _ in range(CLIENTS)]
            await asyncio.gather(*(client.live(maximum_people) for client in clients))

    def check(self, people: list[Protected]) -> list[str]:
        """Return the faults in the state of the ledger's users, one line each."""
        return asyncio.run(check(people, self._service.url, self._database_url))


@contextlib.contextmanager
def factor_rounds(database_url: str) -> Iterator[FactorRounds]:
    """Yield a running service on this migrated database."""
    with killable_service(proof_settings(database_url, **ADMINISTRATION)) as service:
        yield FactorRounds(service, database_url)
