"""Deliver the messages of the channel ``mail``: open the request, check the budget, compose, render, send."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.ports import Clock, Database, SealedDataError, Sealer
from doorward.domain.accounts.mail_budgets import MailBudgets
from doorward.domain.accounts.models import Mail
from doorward.domain.accounts.ports import Composer, MailTemplates, MailTransport
from doorward.domain.accounts.repositories import Connection, recipients
from doorward.domain.auth.exceptions import InvalidEmailError
from doorward.domain.auth.users.identifiers import canonical_email
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.models import (
    Delivered,
    Dropped,
    Message,
    Outage,
    Outcome,
    Postponed,
    Refused,
    TryAgain,
    sealing_context,
)

UNREADABLE: Final = "unreadable"
UNKNOWN_KIND: Final = "unknown_kind"


class MailDelivery:
    """Handle messages of the channel ``mail``."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        sealer: Sealer,
        composers: Mapping[MailKind, Composer],
        budgets: MailBudgets,
        templates: MailTemplates,
        transport: MailTransport,
    ) -> None:
        """Take the composer of each mail kind, and the services that check, render and send mails."""
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._composers = composers
        self._budgets = budgets
        self._templates = templates
        self._transport = transport

    async def deliver(self, message: Message) -> Outcome:
        """Send one mail, if a mail is still due for its request.

        A request without a due mail is dropped before it spends or awaits a budget. The budget is counted before a
        token is made, so that requests over budget replace no token; a mail that was not sent is not counted. Raises
        ``ServiceUnavailableError``.
        """
        try:
            opened = self._sealer.open(message.payload, context=sealing_context(message.message_id))
            request = MailRequest.from_bytes(opened)
            composer = self._composers[request.kind]
        except SealedDataError:
            return Refused(UNREADABLE, is_answer=False)
        except (KeyError, ValueError):
            # From a later version of the service, or of a kind that no longer exists.
            return Refused(UNKNOWN_KIND, is_answer=False)
        address = await self._address_of(request)
        origin = None if address is None else await composer.origin_of(request)
        if address is None or origin is None:
            return Dropped("nothing_to_send")
        if origin is MailOrigin.SERVICE:
            return await self._compose_and_send(composer, request, message)
        return await self._send_within_budget(composer, request, message, address, origin)

    async def _send_within_budget(
        self, composer: Composer, request: MailRequest, message: Message, address: str, origin: MailOrigin
    ) -> Outcome:
        delay = await self._budgets.spend(address, origin, request.kind)
        if delay is not None:
            is_dropped = request.origin is MailOrigin.STRANGER or request.is_repeatable
            return Dropped("over_budget") if is_dropped else Postponed(delay)
        outcome: Outcome | None = None
        try:
            outcome = await self._compose_and_send(composer, request, message)
        finally:
            if outcome is None or isinstance(outcome, TryAgain | Outage | Dropped):
                await self._budgets.refund(address, origin, request.kind)
        return outcome

    async def _address_of(self, request: MailRequest) -> str | None:
        """Return the canonical address whose budget the mail spends; None if there is no recipient."""
        if request.email is not None:
            try:
                return canonical_email(request.email)
            except InvalidEmailError:
                return None
        if request.user_id is None:
            return None
        async with self._database.connection() as connection:
            recipient = await recipients.find_recipient(connection, request.user_id)
        return None if recipient is None else recipient.email_key

    async def _compose_and_send(self, composer: Composer, request: MailRequest, message: Message) -> Outcome:
        composed = await composer.compose(request, message.message_id)
        if composed is None:
            return Dropped("nothing_to_send")
        mail = Mail(message_id=message.message_id, to=composed.to, content=self._templates.render(composed))
        outcome = await self._transport.send(mail)
        if isinstance(outcome, Delivered):
            await self._note_bounce(composed.to, bounced_at=None)
        elif isinstance(outcome, Refused) and outcome.is_unknown_mailbox:
            await self._note_bounce(composed.to, bounced_at=self._clock.now())
        return outcome

    async def _note_bounce(self, email: str, *, bounced_at: datetime | None) -> None:
        # The server's answer is the outcome even if it cannot be stored: the mail must not be sent again for that
        # reason.
        with suppress(ServiceUnavailableError):
            async with self._database.connection() as connection:
                await recipients.update_bounce(connection, canonical_email(email), bounced_at=bounced_at)
