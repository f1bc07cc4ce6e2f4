"""Rounds of kills: use the service until it is killed at a point, restart it, and check the stored state."""

import asyncio
import contextlib
import random
import secrets
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from development.proof.kills import checker, clients, ledger
from development.proof.kills.commits import AccountCommit, Moment
from development.proof.kills.service import KillableService, killable_service
from development.proof.service import proof_settings, tokens_of
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens

MAXIMUM_PASSES: Final = 3


@dataclass
class Outcome:
    """The results of the kills at one point."""

    kills: int = 0
    people: int = 0
    sessions: int = 0
    unknown: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, people: list[ledger.Person], wrong: list[str]) -> None:
        """Count one kill."""
        sessions = [session for person in people for session in person.sessions]
        self.kills += 1
        self.people += len(people)
        self.sessions += len(sessions)
        self.unknown += sum(session.pending is not None for session in sessions)
        self.unknown += sum(person.is_waiting for person in people)
        self.wrong += wrong


def wait_for_kill(service: KillableService) -> None:
    """Wait for the end of an armed service. Raises ``RuntimeError`` unless it was killed."""
    status = service.status_of_end()
    if status != -signal.SIGKILL:
        raise RuntimeError(f"the service was to be killed, and ended with {status}")


class Rounds:
    """One service and its database, for any number of kills."""

    def __init__(self, service: KillableService, database_url: str, folder: Path, tokens: OneTimeTokens) -> None:
        """Take the running service, the URL of its database, the folder of ledgers, and the issuer of mailed tokens."""
        self._service = service
        self._database_url = database_url
        self._folder = folder
        self._tokens = tokens

    def kill(self, commit: AccountCommit, moment: Moment, outcome: Outcome) -> None:
        """Use the service until it is killed there; restart it; check the state."""
        path = self.use_until_dead(commit, moment)
        self._service.start()
        people = ledger.read(path)
        outcome.add(people, self.check(path))

    def use_until_dead(self, commit: AccountCommit, moment: Moment) -> Path:
        """Use the service until it is killed; return the clients' ledger."""
        self._service.arm(commit, moment, random.randint(1, MAXIMUM_PASSES))
        path = self.use()
        wait_for_kill(self._service)
        return path

    def use(self, maximum_people: int = clients.MAXIMUM_PEOPLE) -> Path:
        """Let clients use the service, with at most this many users each; return their ledger."""
        path = self._folder / secrets.token_hex(8)
        written = ledger.Ledger(path)
        with contextlib.closing(written):
            asyncio.run(clients.use(self._service.url, written, self._database_url, self._tokens, maximum_people))
        return path

    def check(self, path: Path) -> list[str]:
        """Return the faults in the state of the ledger's users."""
        return asyncio.run(checker.check(ledger.read(path), self._service.url, self._database_url))


@contextlib.contextmanager
def rounds(database_url: str) -> Iterator[Rounds]:
    """Yield a running service on this migrated database."""
    settings = proof_settings(database_url)
    with killable_service(settings) as service:
        yield Rounds(service, database_url, service.folder, tokens_of(settings))
