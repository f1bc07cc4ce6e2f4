"""Kill after kill: start, check what the last kill left behind, use the service, and have it die at a point."""

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

MOST_PASSES: Final = 3


@dataclass
class Outcome:
    """What the kills at one point left behind."""

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
    """Wait for the end of a service that is armed. Raises ``RuntimeError`` unless it was killed."""
    status = service.status_of_end()
    if status != -signal.SIGKILL:
        raise RuntimeError(f"the service was to be killed, and ended with {status}")


class Rounds:
    """One service and its database, for as many kills as are wanted."""

    def __init__(self, service: KillableService, database_url: str, folder: Path, tokens: OneTimeTokens) -> None:
        """Take the service, started, its database, where to keep ledgers, and what makes the tokens of mails."""
        self._service = service
        self._database_url = database_url
        self._folder = folder
        self._tokens = tokens

    def kill(self, commit: AccountCommit, moment: Moment, outcome: Outcome) -> None:
        """Use the service until it dies there; start it again; check everything."""
        path = self.use_until_dead(commit, moment)
        self._service.start()
        people = ledger.read(path)
        outcome.add(people, self.check(path))

    def use_until_dead(self, commit: AccountCommit, moment: Moment) -> Path:
        """Return the ledger of clients who saw the service die."""
        self._service.arm(commit, moment, random.randint(1, MOST_PASSES))
        path = self.use()
        wait_for_kill(self._service)
        return path

    def use(self, most_people: int = clients.MOST_PEOPLE) -> Path:
        """Have clients use the service, each as that many people at most; return their ledger."""
        path = self._folder / secrets.token_hex(8)
        written = ledger.Ledger(path)
        with contextlib.closing(written):
            asyncio.run(clients.use(self._service.url, written, self._database_url, self._tokens, most_people))
        return path

    def check(self, path: Path) -> list[str]:
        """Return what is wrong after what the ledger says."""
        return asyncio.run(checker.check(ledger.read(path), self._service.url, self._database_url))


@contextlib.contextmanager
def rounds(database_url: str) -> Iterator[Rounds]:
    """Yield a service that runs on this migrated database."""
    settings = proof_settings(database_url)
    with killable_service(settings) as service:
        yield Rounds(service, database_url, service.folder, tokens_of(settings))
