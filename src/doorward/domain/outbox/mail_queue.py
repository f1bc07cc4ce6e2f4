"""Store requests for mails in the transaction of the change that causes them."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from doorward.core.ports import Sealer
from doorward.domain.outbox import repository
from doorward.domain.outbox.exceptions import MailNotConfiguredError
from doorward.domain.outbox.mail import MAIL_CHANNEL, MailRequest
from doorward.domain.outbox.models import NewMessage, sealing_context


class MailQueue:
    """Stores requests for mails, encrypted, so that a dump of the database does not show who requested one."""

    def __init__(self, sealer: Sealer | None, notify: Callable[[], None] = lambda: None) -> None:
        """Take the encryption of payloads, None if mail is not configured. ``notify`` is called for each request."""
        self._sealer = sealer
        self._notify = notify

    @property
    def is_configured(self) -> bool:
        """Whether mail is configured."""
        return self._sealer is not None

    def require(self) -> None:
        """Raise ``MailNotConfiguredError`` if mail is not configured."""
        if self._sealer is None:
            raise MailNotConfiguredError

    async def add(self, connection: repository.Connection, request: MailRequest, *, expires_at: datetime) -> None:
        """Store a request in the caller's transaction. If mail is not configured, do nothing.

        It replaces unsent requests of the same topic. From ``expires_at`` on, the mail is no longer sent.
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
