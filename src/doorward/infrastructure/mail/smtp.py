"""Sends mail by SMTP: one connection for each mail, encrypted and verified as configured."""

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import field
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Final, Literal

import aiosmtplib
from aiosmtplib.errors import (
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from doorward.core.frozen import frozen
from doorward.core.ports import Clock
from doorward.domain.accounts.models import Mail
from doorward.domain.outbox.models import Delivered, Outage, Outcome, Refused, TryAgain
from doorward.infrastructure.mail.envelope import email_message

STEP_SECONDS: Final = 10.0
TOTAL_SECONDS: Final = 30.0
_QUIT_SECONDS: Final = 1.0
_CLOSING: Final = 421
"""RFC 5321 section 4.2.2: the server closes the connection, whatever the command was."""

_PERMANENT: Final = 500
_MAILBOX_UNAVAILABLE: Final = 550
_POLICY: Final = re.compile(r"5\.7\.\d")
"""RFC 3463 section 3.8: refused because of the sender or the content, not because of the mailbox."""

_NO_SMTPUTF8: Final = "smtputf8_unsupported"
UNUSABLE: Final = "unusable_address_or_subject"


@frozen(kw_only=True)
class SmtpServer:
    """The server to which mail is submitted, the sender and the credentials."""

    host: str
    port: int
    tls: Literal["starttls", "implicit", "none"]
    sender: Address
    username: str | None = None
    password: str | None = field(default=None, repr=False)


class SmtpTransport:
    """Submits mails to one server."""

    def __init__(
        self,
        server: SmtpServer,
        clock: Clock,
        *,
        tls_context: ssl.SSLContext | None = None,
        step_seconds: float = STEP_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        """Store the server, and the timeouts of one step and of all steps together.

        Certificates are verified with the CA certificates of the machine, or as ``tls_context`` says.
        """
        self._server = server
        self._clock = clock
        self._tls_context = tls_context or ssl.create_default_context()
        self._step_seconds = step_seconds
        self._total_seconds = total_seconds

    async def send(self, mail: Mail) -> Outcome:
        """Submit the mail and return the outcome. If it is uncertain whether the server accepts it, it is retried."""
        try:
            message = email_message(mail, sender=self._server.sender, now=self._clock.now())
        except ValueError:
            return Refused(UNUSABLE, is_answer=False)
        client = self._client()
        try:
            outcome = await self._deliver(client, message)
            if isinstance(outcome, Delivered):
                # The mail is submitted: an error while the connection ends changes nothing.
                with suppress(SMTPException, OSError):
                    await client.quit(timeout=_QUIT_SECONDS)
        finally:
            client.close()
        return outcome

    async def _deliver(self, client: aiosmtplib.SMTP, message: EmailMessage) -> Outcome:
        """Connect and submit. A failed connection, encryption or login concerns every mail, not only this one."""
        is_connected = False
        try:
            async with asyncio.timeout(self._total_seconds):
                await client.connect()
                is_connected = True
                return await self._submit(client, message)
        except (SMTPException, OSError) as error:
            reason = _reason_of(error)
            return TryAgain(reason, is_fault=True) if is_connected else Outage(reason)

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.tls == "implicit",
            # By default, the library continues without encryption if the server offers none.
            start_tls=self._server.tls == "starttls",
            tls_context=self._tls_context if self._server.tls != "none" else None,
            # Otherwise the library looks up this host's name, and waits for the resolver.
            local_hostname=self._server.sender.domain,
            username=self._server.username,
            password=self._server.password,
            timeout=self._step_seconds,
        )

    async def _submit(self, client: aiosmtplib.SMTP, message: EmailMessage) -> Outcome:
        recipient = message["To"].addresses[0].addr_spec
        try:
            await client.send_message(message, sender=self._server.sender.addr_spec, recipients=[recipient])
        except SMTPRecipientsRefused as error:
            (refusal,) = error.recipients
            is_unknown = refusal.code == _MAILBOX_UNAVAILABLE and not _POLICY.match(refusal.message)
            return _outcome_of(refusal.code, is_unknown_mailbox=is_unknown)
        except SMTPSenderRefused as error:
            # EMAIL_FROM or the account at the server is wrong: the operator must correct it, and no mail is lost.
            return TryAgain(f"sender_refused_{error.code}", is_fault=True)
        except SMTPResponseException as error:
            return _outcome_of(error.code)
        except SMTPNotSupported:
            return Refused(_NO_SMTPUTF8)
        return Delivered()


def _outcome_of(code: int, *, is_unknown_mailbox: bool = False) -> Outcome:
    if code >= _PERMANENT:
        return Refused(f"smtp_{code}", is_unknown_mailbox=is_unknown_mailbox)
    return TryAgain(f"smtp_{code}", is_fault=code == _CLOSING)


def _reason_of(error: Exception) -> str:
    """Return the class of an error, with the server's code if there is one. Its text may contain addresses."""
    name = type(error).__name__
    return f"{name}_{error.code}" if isinstance(error, SMTPResponseException) else name
