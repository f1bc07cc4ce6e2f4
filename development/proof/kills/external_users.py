"""Kills the service during the first request of a foreign subject.

User, identity and audit event are stored in one transaction; the next request finds or creates them.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import uuid4

import psycopg

from development.proof.api import Answer, answer_to, api_at
from development.proof.kills.commits import Moment
from development.proof.kills.rounds import Outcome, wait_for_kill
from development.proof.kills.service import KillableService, killable_service
from development.proof.races.foreign_subjects import ForeignIssuer, foreign_issuer
from development.proof.service import proof_settings

OK: Final = 200
STORED: Final = "SELECT user_id FROM federated_identities WHERE subject = %s"
HALF_DONE: Final = """
    SELECT 'a user without an identity: ' || id
    FROM users
    WHERE email IS NULL AND NOT EXISTS (SELECT FROM federated_identities WHERE user_id = id)
    UNION ALL
    SELECT 'an identity without one entry: ' || user_id
    FROM federated_identities
    WHERE 1 <> (
        SELECT count(*) FROM audit_events
        WHERE audit_events.user_id = federated_identities.user_id AND type = 'user.external_created'
    )
    UNION ALL
    SELECT 'an entry without a user: ' || user_id
    FROM audit_events
    WHERE type = 'user.external_created' AND NOT EXISTS (SELECT FROM users WHERE id = user_id)
"""


class ExternalUserRounds:
    """One service that trusts an issuer, for any number of kills."""

    def __init__(self, service: KillableService, database_url: str, issuer: ForeignIssuer) -> None:
        """Take the service, started with ``issuer.setting()``, the URL of its database, and the issuer."""
        self._service = service
        self._database_url = database_url
        self._issuer = issuer

    def kill(self, moment: Moment, outcome: Outcome) -> None:
        """Kill the service in a subject's first request; restart it; check the stored state and the next request."""
        subject = uuid4().hex
        self._service.arm("external-user", moment, 1)
        lost = self.call(subject)
        wait_for_kill(self._service)
        self._service.start()
        outcome.kills += 1
        outcome.people += 1
        outcome.unknown += not lost.is_conclusive
        stored = self.found(STORED, subject)
        if len(stored) not in {"before": {0}, "sent": {0, 1}, "after": {1}}[moment]:
            outcome.wrong.append(f"{moment} the commit, {len(stored)} users are stored")
        outcome.wrong += self.check(subject, stored)

    def call(self, subject: str) -> Answer:
        """Make a request as a subject."""

        async def send() -> Answer:
            async with api_at(self._service.url) as api:
                return await answer_to(api.items(self._issuer.token(subject)))

        return asyncio.run(send())

    def check(self, subject: str, stored: list[str]) -> list[str]:
        """Return partial changes, and deviations after another request: it must find the one stored user."""
        wrong = self.found(HALF_DONE)
        answer, users = self.call(subject), self.found(STORED, subject)
        if answer.status != OK:
            wrong.append(f"the next request is answered {answer.status}")
        if len(users) != 1 or users != (stored or users):
            wrong.append(f"{stored} was stored, and after the next request {users}")
        return wrong + self.found(HALF_DONE)

    def found(self, query: str, *parameters: object) -> list[str]:
        """Return the rows of a query with one text column."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            return [str(row[0]) for row in connection.execute(query.encode(), parameters or None).fetchall()]


@contextmanager
def external_user_rounds(database_url: str) -> Iterator[ExternalUserRounds]:
    """Yield a service on this migrated database, and an issuer that it trusts; both are running."""
    with (
        foreign_issuer() as issuer,
        killable_service(proof_settings(database_url, TRUSTED_ISSUERS=issuer.setting())) as service,
    ):
        yield ExternalUserRounds(service, database_url, issuer)
