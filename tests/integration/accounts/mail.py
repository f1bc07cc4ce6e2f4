"""Mail in tests: the handler on a real database, with a transport that stores the mails."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from doorward.domain.accounts.mail_budgets import MailBudgets
from doorward.domain.accounts.mail_delivery import MailDelivery
from doorward.domain.accounts.models import Mail
from doorward.domain.accounts.notices import NOTICE_FACTS, NoticeComposer
from doorward.domain.accounts.ports import Composer
from doorward.domain.outbox.delivery import Delivery
from doorward.domain.outbox.mail import MAIL_CHANNEL, ComposedMail, MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.outbox.models import Delivered, Outcome, sealing_context
from doorward.domain.outbox.repository import claim_messages
from doorward.infrastructure.mail.templates import SAMPLE_FACTS, JinjaTemplates
from doorward.infrastructure.sealing import AesGcmSealer
from tests.integration.outbox.messages import SHORT, Outbox
from tests.integration.service import FakeClock

KEY = bytes(range(32))


class Postbox:
    """A transport that returns its outcomes in turn, repeating the last one, and stores delivered mails."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = [Delivered()]
        self.delivered: list[Mail] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """Called once, during the next delivery."""

    async def send(self, mail: Mail) -> Outcome:
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if outcome == Delivered():
            self.delivered.append(mail)
        return outcome


class KnownAddresses:
    """A composer that has mails for some addresses, and counts its calls."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0

    async def origin_of(self, request: MailRequest) -> MailOrigin | None:
        return request.origin if request.email in self.addresses else None

    async def compose(self, request: MailRequest, _message_id: UUID) -> ComposedMail | None:
        self.asked += 1
        if request.email not in self.addresses:
            return None
        return ComposedMail(to=request.email, kind=request.kind, facts=SAMPLE_FACTS[request.kind])


class Mailing:
    """Requests for mail, and their delivery."""

    def __init__(self, url: str, clock: FakeClock, composer: Composer) -> None:
        self.outbox = Outbox(url)
        self.clock = clock
        self.postbox = Postbox()
        self.sealer = AesGcmSealer([KEY])
        self.queue = MailQueue(self.sealer)
        notices = NoticeComposer(database=self.outbox.database)
        composers: Mapping[MailKind, Composer] = {
            MailKind.PASSWORD_RESET: composer,
            MailKind.VERIFY_EMAIL: composer,
            **dict.fromkeys(NOTICE_FACTS, notices),
        }
        self.composers = composers
        self.restart(self.sealer)

    def restart(self, sealer: AesGcmSealer) -> None:
        """Create a new handler, optionally with other keys."""
        self.handler = MailDelivery(
            database=self.outbox.database,
            clock=self.clock,
            sealer=sealer,
            composers=self.composers,
            budgets=MailBudgets(database=self.outbox.database, clock=self.clock, key=KEY),
            templates=JinjaTemplates(),
            transport=self.postbox,
        )

    async def ask(self, request: MailRequest, *, lives: timedelta = timedelta(days=1)) -> None:
        async with self.outbox.database.transaction() as connection:
            await self.queue.add(connection, request, expires_at=self.clock.now() + lives)

    async def ask_for(
        self, email: str, *, origin: MailOrigin = MailOrigin.STRANGER, kind: MailKind = MailKind.PASSWORD_RESET
    ) -> None:
        await self.ask(MailRequest(kind=kind, origin=origin, email=email))

    def requests(self) -> list[MailRequest]:
        """Return the queued requests, the oldest first."""
        return [
            MailRequest.from_bytes(self.sealer.open(row["payload"], context=sealing_context(row["message_id"])))
            for row in self.outbox.rows()
        ]

    async def deliver(self) -> None:
        delivery = Delivery(
            database=self.outbox.database, clock=self.clock, handlers={MAIL_CHANNEL: self.handler}, times=SHORT
        )
        await delivery.deliver_due()

    async def outcome(self) -> Outcome:
        """Return the handler's outcome for the oldest queued request, without settling it."""
        async with self.outbox.database.transaction() as connection:
            (message,) = await claim_messages(connection, channel=MAIL_CHANNEL, lease=timedelta(0), limit=1)
        return await self.handler.deliver(message)

    def recipients(self) -> list[str]:
        return [each.to for each in self.postbox.delivered]

    def add_user(self, *, verified: bool = True, bounced: bool = False) -> dict[str, Any]:
        """Store a user that no other test uses."""
        name = f"user-{uuid4().hex[:16]}"
        (user,) = self.outbox.sql(
            "INSERT INTO users (id, email, email_key, username, username_key, password_hash, is_active,"
            " email_verified_at, email_bounced_at)"
            " VALUES (%s, %s, %s, %s, %s, 'x', true, CASE WHEN %s THEN now() END, CASE WHEN %s THEN now() END)"
            " RETURNING id, email, username",
            *(uuid4(), f"{name}@example.com", f"{name}@example.com", name, name, verified, bounced),
        )
        return user

    def bounced_at(self, user: Mapping[str, Any]) -> Any:
        (row,) = self.outbox.sql("SELECT email_bounced_at FROM users WHERE id = %s", user["id"])
        return row["email_bounced_at"]
