"""Ask for a mail in the transaction of the change that it tells of."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from doorward.core.ports import Sealer
from doorward.domain.outbox import repository
from doorward.domain.outbox.exceptions import MailNotConfiguredError
from doorward.domain.outbox.mail import MAIL_CHANNEL, MailRequest
from doorward.domain.outbox.models import NewMessage, sealing_context


class MailQueue:
    """Stores requests for mails, sealed, so that a dump of the database names nobody who asked."""

    def __init__(self, sealer: Sealer | None, notify: Callable[[], None] = lambda: None) -> None:
        """Take what seals payloads, None where mail is not configured; ``notify`` is called for each request."""
        self._sealer = sealer
        self._notify = notify

    @property
    def is_configured(self) -> bool:
        """Whether mails can be sent at all."""
        return self._sealer is not None

    def require(self) -> None:
        """Raise ``MailNotConfiguredError`` where a call makes no sense without mail."""
        if self._sealer is None:
            raise MailNotConfiguredError

    async def add(self, connection: repository.Connection, request: MailRequest, *, expires_at: datetime) -> None:
        """Store a request that stays if and only if the transaction commits. Without mail it does nothing.

        It replaces what waits of its topic. From ``expires_at`` on the mail is not sent any more.
        """
        if self._sealer is None:
            return
        message_id = uuid4()
        message = NewMessage(
            message_id=message_id,
            channel=MAIL_CHANNEL,
            kind=request.kind,
            payload=self._sealer.seal(request.to_bytes(), context=sealing_context(message_id)),
            expires_at=expires_at,
            topic=request.topic,
        )
        await repository.add_message(connection, message)
        self._notify()
