"""Changes of an e-mail address in tests: the use cases, and the mails that the worker would send."""

from collections.abc import Awaitable
from dataclasses import dataclass
from uuid import UUID, uuid4

from development.callers import caller_of
from development.client import Pair, Person
from doorward.core.exceptions import DomainError
from doorward.domain.accounts.email_change import EmailChange
from doorward.domain.accounts.email_change_confirmation import EmailChangeConfirmation
from doorward.domain.accounts.email_change_mail import NewMailboxMail, OldMailboxMail
from doorward.domain.accounts.models import ChangedMailbox, EmailChangeMode, PendingConfirmation
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.models import LoggedIn
from doorward.domain.auth.sessions.continuation import tokens_of as tokens_of_session
from doorward.domain.auth.sessions.token_pair import TokenPairIssuer
from doorward.domain.auth.tokens.refresh_token import RefreshTokenCodec
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailRequest
from doorward.infrastructure.keys import REFRESH_TOKEN_PURPOSE
from doorward.settings.config import Settings
from doorward.wiring.auth import create_signer, lifetimes_of
from doorward.wiring.email_change import create_email_change, create_email_change_confirmation, email_change_mode
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import keys
from doorward.wiring.registration import registration_rules
from tests.integration.accounts.conftest import LINKS, Mails, token_of

OLD, NEW = MailKind.EMAIL_CHANGE_OLD, MailKind.EMAIL_CHANGE_NEW
FOR_OLD, FOR_NEW = PendingConfirmation(ChangedMailbox.OLD), PendingConfirmation(ChangedMailbox.NEW)


@dataclass
class Changing:
    """A signed-in person who changes the e-mail address."""

    mails: Mails
    person: Person
    pair: Pair
    changes: EmailChange
    confirmation: EmailChangeConfirmation
    mode: EmailChangeMode
    new_email: str

    async def caller(self, pair: Pair | None = None) -> Caller:
        caller: Caller = await caller_of(
            self.mails.service.app.state.services.authentication, (pair or self.pair).access
        )
        return caller

    async def request(self, new_email: str | None = None) -> None:
        await self.changes.request(await self.caller(), new_email or self.new_email)

    async def mail(self, kind: MailKind) -> ComposedMail | None:
        """Return the mail that the worker would send for the newest request of this kind, or None if it sends none."""
        request = self.newest(kind)
        return None if request is None else await self.compose(request)

    def newest(self, kind: MailKind) -> MailRequest | None:
        found = [each for each in self.mails.requests(self.person) if each.kind is kind]
        return found[-1] if found else None

    async def compose(self, request: MailRequest) -> ComposedMail | None:
        parts = (self.mails.service.database, self.mails.clock, self.mails.tokens, LINKS)
        if request.kind is NEW:
            return await NewMailboxMail(*parts).compose(request, uuid4())
        return await OldMailboxMail(*parts, self.mode).compose(request, uuid4())

    async def token(self, kind: MailKind) -> str:
        return token_of(await self.mail(kind))

    async def code(self, kind: MailKind) -> str:
        mail = await self.mail(kind)
        assert mail is not None
        return mail.facts["code"]

    async def confirm(
        self, token: str | None = None, *, code: str | None = None, pair: Pair | None = None
    ) -> PendingConfirmation | LoggedIn:
        outcome = await self.confirmation.confirm_by_session(await self.caller(pair), token=token, code=code)
        return outcome if isinstance(outcome, PendingConfirmation) else tokens_of_session(outcome)

    def email(self) -> str:
        (user,) = self.mails.service.sql("SELECT email FROM users WHERE id = %s", self.person.id)
        email: str = user["email"]
        return email

    def verify(self) -> None:
        """Mark the current address as verified."""
        self.mails.service.sql(
            "UPDATE users SET email_verified_at = %s WHERE id = %s", self.mails.clock.now(), self.person.id
        )


def confirmation_by(mails: Mails, settings: Settings) -> EmailChangeConfirmation:
    """Return the use case with these settings, on the database of the mails."""
    service, lifetimes = mails.service, lifetimes_of(settings)
    codec = RefreshTokenCodec(*keys(settings.keys, REFRESH_TOKEN_PURPOSE))
    issuer = TokenPairIssuer(signer=create_signer(settings, lifetimes, None), codec=codec, lifetimes=lifetimes)
    base = Foundation(settings, service.database, service.hasher, mails.clock, mails.queue)
    return create_email_change_confirmation(base, registration_rules(settings), issuer)


async def changing(mails: Mails, *, verified: bool = True) -> Changing:
    """Sign a person in, with a verified or unverified address."""
    service = mails.service
    settings, rules = service.settings, registration_rules(service.settings)
    base = Foundation(settings, service.database, service.hasher, mails.clock, mails.queue)
    person, pair = await service.register_and_log_in()
    made = Changing(
        mails,
        person,
        pair,
        create_email_change(base, rules),
        confirmation_by(mails, settings),
        email_change_mode(settings.mail),
        f"new-{person.email}",
    )
    if verified:
        made.verify()
    return made


def tokens_of(outcome: PendingConfirmation | LoggedIn) -> Pair:
    """Return the token pair of a completed change."""
    assert isinstance(outcome, LoggedIn)
    return Pair(outcome.tokens.access_token, outcome.tokens.refresh_token)


async def refusal_of(call: Awaitable[object]) -> str:
    """Return the code of the refusal, or an empty text."""
    try:
        await call
    except DomainError as refusal:
        return refusal.code
    return ""


def recorded(change: Changing) -> list[dict[str, object]]:
    """Return the audit rows of the person."""
    query = "SELECT type, data, personal FROM audit_events WHERE user_id = %s ORDER BY id"
    return change.mails.service.sql(query, UUID(change.person.id))
