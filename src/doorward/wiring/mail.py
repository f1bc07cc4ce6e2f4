"""Build the mail queue and the mail delivery from the settings. If mail is off, its packages are not imported."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Sealer
from doorward.domain.accounts.email_change_mail import NewMailboxMail, OldMailboxMail
from doorward.domain.accounts.links import AccountLinks
from doorward.domain.accounts.mail_budgets import MailBudgets
from doorward.domain.accounts.mail_delivery import MailDelivery
from doorward.domain.accounts.notices import NOTICE_FACTS, NoticeComposer
from doorward.domain.accounts.ports import Composer, DevelopmentMails, MailTransport
from doorward.domain.accounts.recovery import ResetMail
from doorward.domain.accounts.verification import VerificationMail
from doorward.domain.outbox.delivery import Delivery
from doorward.domain.outbox.mail import MAIL_CHANNEL, MailKind
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.infrastructure.keys import MAIL_BUDGET_PURPOSE
from doorward.infrastructure.postgres.clock_watch import ClocksDifferError, require_agreement
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings import config
from doorward.settings.config import Settings
from doorward.settings.mail import DEVELOPMENT_FOLDER, MailSettings, sender_address
from doorward.wiring.accounts import create_one_time_tokens
from doorward.wiring.email_change import email_change_mode
from doorward.wiring.keys import keys, sealing_keys
from doorward.wiring.registration_by_mail import registration_mail_composers
from doorward.wiring.stopping import GRACE_SECONDS

if TYPE_CHECKING:
    from doorward.infrastructure.mail.development import DevelopmentMailbox


@frozen
class MailService:
    """Mail in one process: the queue, the delivery (None if another process delivers), the mails of development."""

    queue: MailQueue
    delivery: Delivery | None = None
    development: DevelopmentMails | None = None

    def senders(self) -> Sequence[AbstractAsyncContextManager[None]]:
        """Return a context manager that delivers mail within its block; none if another process delivers."""
        return [] if self.delivery is None else [self.delivery.running(grace_seconds=GRACE_SECONDS)]


def has_mail(settings: Settings) -> bool:
    """Return whether mail is configured."""
    return config.has_mail(settings.mail, settings.browsers, settings.deployment)


def create_mail(settings: Settings, database: PostgresDatabase, clock: Clock, *, delivers: bool) -> MailService:
    """Return the mail service of this process, which delivers mail itself if ``delivers``.

    Raises ``ImportError`` without the extra ``doorward[mail]``, ``MailTemplateError`` for an unusable template.
    """
    if not has_mail(settings):
        return MailService(MailQueue(None))
    sealer = create_sealer(settings)
    development = _development_mailbox(settings, clock)
    if not delivers:
        return MailService(MailQueue(sealer), development=development)
    handler = _create_handler(settings, database, clock, sealer, development)
    delivery = Delivery(
        database=database, clock=clock, handlers={MAIL_CHANNEL: handler}, may_expire=_clock_agreement(database)
    )
    return MailService(MailQueue(sealer, delivery.notify), delivery, development)


def create_composers(settings: Settings, database: PostgresDatabase, clock: Clock) -> Mapping[MailKind, Composer]:
    """Return the composer of each kind of mail."""
    links = AccountLinks(settings.browsers.public_url or "")
    tokens = create_one_time_tokens(settings.keys)
    return {
        **dict.fromkeys(NOTICE_FACTS, NoticeComposer(database=database)),
        MailKind.VERIFY_EMAIL: VerificationMail(database, clock, tokens, links),
        MailKind.PASSWORD_RESET: ResetMail(database, clock, tokens, links),
        **registration_mail_composers(settings.keys, database, clock, links),
        MailKind.EMAIL_CHANGE_NEW: NewMailboxMail(database, clock, tokens, links),
        MailKind.EMAIL_CHANGE_OLD: OldMailboxMail(database, clock, tokens, links, email_change_mode(settings.mail)),
    }


def create_sealer(settings: Settings) -> Sealer:
    """Return the encryption of stored secrets."""
    from doorward.infrastructure.sealing import AesGcmSealer  # noqa: PLC0415 - an extra

    return AesGcmSealer(sealing_keys(settings.keys))


def check_mail(settings: Settings) -> None:
    """Check the extra and the templates of mail, if configured. Raises ``ImportError``, ``MailTemplateError``."""
    if has_mail(settings):
        from doorward.infrastructure.mail import smtp  # noqa: F401, PLC0415 - an extra
        from doorward.infrastructure.mail.templates import JinjaTemplates  # noqa: PLC0415 - an extra

        create_sealer(settings)
        JinjaTemplates(settings.mail.mail_templates_folder)


def create_budgets(settings: Settings, database: PostgresDatabase, clock: Clock) -> MailBudgets:
    """Return the mail budgets, which limit the mail to each address."""
    return MailBudgets(database=database, clock=clock, key=keys(settings.keys, MAIL_BUDGET_PURPOSE)[0])


def _create_handler(
    settings: Settings,
    database: PostgresDatabase,
    clock: Clock,
    sealer: Sealer,
    development: "DevelopmentMailbox | None",
) -> MailDelivery:
    from doorward.infrastructure.mail.templates import JinjaTemplates  # noqa: PLC0415 - an extra

    return MailDelivery(
        database=database,
        clock=clock,
        sealer=sealer,
        composers=create_composers(settings, database, clock),
        budgets=create_budgets(settings, database, clock),
        templates=JinjaTemplates(settings.mail.mail_templates_folder),
        transport=development or _smtp_transport(settings.mail, clock),
    )


def _smtp_transport(settings: MailSettings, clock: Clock) -> MailTransport:
    from doorward.infrastructure.mail.smtp import SmtpServer, SmtpTransport  # noqa: PLC0415 - an extra

    password = settings.smtp_password
    server = SmtpServer(
        host=settings.smtp_host or "",
        port=settings.port,
        tls=settings.smtp_tls,
        sender=sender_address(settings.email_from or ""),
        username=settings.smtp_username,
        password=None if password is None else password.get_secret_value(),
    )
    return SmtpTransport(server, clock)


def _development_mailbox(settings: Settings, clock: Clock) -> "DevelopmentMailbox | None":
    if settings.deployment.environment != "development":
        return None
    from doorward.infrastructure.mail.development import DevelopmentMailbox  # noqa: PLC0415 - only in development

    folder: Path = settings.mail.mail_development_folder or DEVELOPMENT_FOLDER
    then = None if settings.mail.smtp_host is None else _smtp_transport(settings.mail, clock)
    return DevelopmentMailbox(folder, clock, then=then)


def _clock_agreement(database: PostgresDatabase) -> Callable[[], bool]:
    def clocks_agree() -> bool:
        try:
            require_agreement(database.clock)
        except (ClocksDifferError, ServiceUnavailableError):
            return False
        return True

    return clocks_agree
