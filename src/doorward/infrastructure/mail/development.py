"""Mail in development: stored in a folder for the page /development/mails, and printed on the console.

A folder, because a table would also exist in production, and memory is lost at each reload of `inv dev`. All processes
that use the folder see the same mails.
"""

import asyncio
import email
import os
import sys
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Final, TextIO
from uuid import UUID

from doorward.core.ports import Clock
from doorward.domain.accounts.models import Mail, MailContent
from doorward.domain.accounts.ports import MailTransport
from doorward.domain.outbox.models import Delivered, Outcome, Refused
from doorward.infrastructure.mail.envelope import email_message

DEVELOPMENT_SENDER: Final = Address("doorward", "doorward", "localhost")
KEPT_MAILS: Final = 100
_ENDING: Final = ".eml"


class DevelopmentMailbox:
    """Stores mails as files that mail programs can open. They contain valid links, so only this user may read them."""

    def __init__(
        self, folder: Path, clock: Clock, *, then: MailTransport | None = None, console: TextIO | None = None
    ) -> None:
        """Store the folder, and ``then``, a transport that also sends the mails."""
        self._folder = folder
        self._clock = clock
        self._then = then
        self._console = console

    async def send(self, mail: Mail) -> Outcome:
        """Store the mail, print it, and pass it to the other transport if there is one."""
        try:
            message = email_message(mail, sender=DEVELOPMENT_SENDER, now=self._clock.now())
        except ValueError:
            return Refused("unusable_address_or_subject", is_answer=False)
        await asyncio.to_thread(self._keep, mail.message_id, message)
        body = "\n".join(f"  {line}" for line in mail.content.text.splitlines())
        print(f"\nMail to {mail.to}: {mail.content.subject}\n{body}\n", file=self._console or sys.stdout, flush=True)
        return Delivered() if self._then is None else await self._then.send(mail)

    async def list(self) -> Sequence[Mail]:
        """Return the latest mails, the newest first."""
        return await asyncio.to_thread(self._list)

    async def find(self, message_id: UUID) -> Mail | None:
        """Return the mail of this id, if it is stored."""
        return await asyncio.to_thread(self._find, message_id)

    def _list(self) -> Sequence[Mail]:
        found = map(_read, self._newest_first()[:KEPT_MAILS])
        return [mail for mail in found if mail is not None]

    def _find(self, message_id: UUID) -> Mail | None:
        return _read(self._folder / f"{message_id}{_ENDING}")

    def _keep(self, message_id: UUID, message: EmailMessage) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f"{message_id}.new"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes())
        unfinished.replace(self._folder / f"{message_id}{_ENDING}")
        for path in self._newest_first()[KEPT_MAILS:]:
            path.unlink(missing_ok=True)

    def _newest_first(self) -> Sequence[Path]:
        return sorted(self._folder.glob(f"*{_ENDING}"), key=_time_of, reverse=True)


def _time_of(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        # Another process has just removed it, because there were too many mails.
        return 0


def _read(path: Path) -> Mail | None:
    """Return a stored mail; None if there is none, or another process has just removed it."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    message = email.message_from_bytes(content, _class=EmailMessage, policy=SMTP)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    parts = MailContent(
        subject=str(message["Subject"]),
        text="" if text is None else text.get_content(),
        html="" if html is None else html.get_content(),
    )
    return Mail(message_id=UUID(path.stem), to=str(message["To"]), content=parts)
