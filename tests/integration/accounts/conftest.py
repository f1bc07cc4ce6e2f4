"""An account's mails in tests: the queued requests, composed like the worker does."""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from development.callers import caller_of
from development.client import Person
from doorward.core.ports import SealedDataError
from doorward.domain.accounts.links import AccountLinks
from doorward.domain.accounts.recovery import Recovery, ResetMail
from doorward.domain.accounts.verification import Verification, VerificationMail
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.outbox.models import sealing_context
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.wiring.accounts import create_one_time_tokens, create_recovery, create_verification
from doorward.wiring.foundation import Foundation
from doorward.wiring.registration import registration_rules
from tests.integration.service import FakeClock, MakeService, Service


@dataclass
class Mails:
    """The use cases of accounts on a service's database, with a queue whose rows the test decrypts."""

    service: Service
    clock: FakeClock
    tokens: OneTimeTokens
    sealer: AesGcmSealer
    queue: MailQueue
    recovery: Recovery
    verification: Verification

    def requests(self, person: Person) -> list[MailRequest]:
        """Return the mail requests for a person, the oldest first."""
        found = [self._opened(row) for row in self.service.sql("SELECT message_id, payload FROM outbox ORDER BY id")]
        return [each for each in found if each and (str(each.user_id) == person.id or each.email == person.email)]

    def _opened(self, row: dict[str, Any]) -> MailRequest | None:
        """Return the request of a row, or None if another test's keys have encrypted it."""
        try:
            sealed = self.sealer.open(row["payload"], context=sealing_context(row["message_id"]))
        except SealedDataError:
            return None
        return MailRequest.from_bytes(sealed)

    def waiting(self) -> int:
        """Return the number of queued messages for all recipients."""
        count: int = self.service.sql("SELECT count(*) FROM outbox")[0]["count"]
        return count

    async def reset_mail(self, email: str) -> ComposedMail | None:
        """Request a reset, and return the mail that the worker would send."""
        await self.recovery.request_reset(email)
        composer = ResetMail(self.service.database, self.clock, self.tokens, LINKS)
        request = MailRequest(MailKind.PASSWORD_RESET, self._newest().origin, email=email)
        return await composer.compose(request, uuid4())

    async def verification_mail(self, person: Person) -> ComposedMail | None:
        """Return the verification mail that the worker would send now."""
        composer = VerificationMail(self.service.database, self.clock, self.tokens, LINKS)
        return await composer.compose(
            MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.OWNER, user_id=UUID(person.id)), uuid4()
        )

    async def caller(self, person: Person) -> Caller:
        """Log a person in, and return the caller of that session."""
        pair = await self.service.log_in(person)
        caller: Caller = await caller_of(self.service.app.state.services.authentication, pair.access)
        return caller

    def _newest(self) -> MailRequest:
        (row,) = self.service.sql("SELECT message_id, payload FROM outbox ORDER BY id DESC LIMIT 1")
        request = self._opened(row)
        assert request is not None
        return request


LINKS = AccountLinks("https://auth.example.com")


def token_of(mail: ComposedMail | None) -> str:
    """Return the token of a mail's link, which is in the fragment."""
    assert mail is not None
    parts = urlsplit(mail.facts["link"])
    assert parts.query == ""
    return parts.fragment.removeprefix("token=")


@pytest.fixture
async def mails(make_service: MakeService) -> Mails:
    return mails_of(await make_service())


def mails_of(service: Service) -> Mails:
    """Return the use cases and composers of mails on a service's database."""
    clock = service.clock
    sealer = AesGcmSealer([secrets.token_bytes(32)])
    queue = MailQueue(sealer)
    tokens = create_one_time_tokens(service.settings.keys)
    rules = registration_rules(service.settings)
    base = Foundation(service.settings, service.database, service.hasher, clock, queue)
    return Mails(service, clock, tokens, sealer, queue, create_recovery(base, rules), create_verification(base, rules))
