"""Registrations and invitations in tests: the use cases, and the mails that the worker would send."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from development.client import Person
from doorward.core.exceptions import DomainError
from doorward.core.ports import SealedDataError
from doorward.domain.accounts.confirmation import Confirmation
from doorward.domain.accounts.invitations import Invitations
from doorward.domain.accounts.links import AccountLinks
from doorward.domain.accounts.registration_requests import RegistrationRequests
from doorward.domain.administration.invitations import AdministeredInvitations
from doorward.domain.administration.models import OPERATOR
from doorward.domain.auth.users.registration import RegistrationRules
from doorward.domain.outbox.mail import ComposedMail, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.outbox.models import sealing_context
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.wiring.administration import create_administration
from doorward.wiring.foundation import Foundation
from doorward.wiring.registration import registration_rules
from doorward.wiring.registration_by_mail import (
    create_confirmation,
    create_invitations,
    create_registration_requests,
    registration_mail_composers,
)
from tests.integration.service import FakeClock, Service

LINKS = AccountLinks("https://auth.example.com")


@dataclass
class Joining:
    """The use cases on a service's database, with a queue whose rows the test decrypts."""

    service: Service
    clock: FakeClock
    sealer: AesGcmSealer
    rules: RegistrationRules
    requests: RegistrationRequests
    confirmation: Confirmation
    administered: AdministeredInvitations
    invitations: Invitations

    async def request(self, person: Person) -> str:
        """Request an account; return the requester's token."""
        return await self.requests.request(email=person.email, username=person.username, password=person.password)

    async def invite(self, email: str) -> None:
        """Invite an address as an operator."""
        await self.administered.create(OPERATOR, email)

    async def mails(self, email: str) -> list[ComposedMail | None]:
        """Compose each queued mail to an address, the oldest first."""
        links, settings = LINKS, self.service.settings.keys
        composers = registration_mail_composers(settings, self.service.database, self.clock, links)
        rows = self.service.sql("SELECT message_id, payload FROM outbox ORDER BY id")
        requests = [request for row in rows if (request := self._opened(row)) and request.email == email]
        return [await composers[request.kind].compose(request, uuid4()) for request in requests]

    async def mail(self, email: str) -> ComposedMail:
        """Compose the newest queued mail to an address."""
        mail = (await self.mails(email))[-1]
        assert mail is not None
        return mail

    def _opened(self, row: dict[str, Any]) -> MailRequest | None:
        try:
            sealed = self.sealer.open(row["payload"], context=sealing_context(row["message_id"]))
        except SealedDataError:
            return None
        return MailRequest.from_bytes(sealed)

    def users_of(self, email: str) -> list[dict[str, Any]]:
        return self.service.sql("SELECT * FROM users WHERE email_key = %s", email.lower())

    def pending_of(self, email: str) -> list[dict[str, Any]]:
        return self.service.sql("SELECT * FROM pending_registrations WHERE email_key = %s ORDER BY created_at", email)


def joining_of(service: Service, clock: FakeClock, **changes: Any) -> Joining:
    """Return the use cases; ``changes`` override the rules of registration."""
    sealer = AesGcmSealer([bytes(range(32))])
    rules = replace(registration_rules(service.settings), **changes)
    base = Foundation(service.settings, service.database, service.hasher, clock, MailQueue(sealer))
    return Joining(
        service,
        clock,
        sealer,
        rules,
        create_registration_requests(base, rules),
        create_confirmation(base),
        create_administration(base, rules).invitations,
        create_invitations(base, rules),
    )


async def outcome(call: object) -> str:
    """Return the code of the refusal, or an empty text."""
    try:
        await call  # type: ignore[misc] # a coroutine
    except DomainError as refusal:
        return refusal.code
    return ""
