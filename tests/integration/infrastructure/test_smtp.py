"""Sending mail to real servers: encryption is required and verified, and responses are distinguished."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.headerregistry import Address
from typing import Any
from uuid import uuid4

import pytest

from doorward.domain.accounts.models import Mail, MailContent
from doorward.domain.outbox.models import Delivered, Outage, Outcome, Refused, TryAgain
from doorward.infrastructure.mail.smtp import UNUSABLE, SmtpServer, SmtpTransport
from tests.integration.mail_server import Certificates, Mailroom, mail_server
from tests.integration.service import FakeClock, Logs, mark

SENDER = Address("doorward", "accounts", "example.com")
CONTENT = MailContent(subject="Confirm", text="Grüße\nhttps://auth.example.com/x#token=1\n", html="<p>Grüße</p>")
HANGS_AFTER_SECONDS = 60


def a_mail(to: str = "ada@example.com", subject: str = "Confirm") -> Mail:
    return Mail(message_id=uuid4(), to=to, content=MailContent(subject, CONTENT.text, CONTENT.html))


@pytest.fixture
def mailroom() -> Mailroom:
    return Mailroom()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def transport(
    port: int, tls: str = "none", *, context: ssl.SSLContext | None = None, **options: object
) -> SmtpTransport:
    login = {name: options.pop(name) for name in ("username", "password") if name in options}
    server = SmtpServer(host="127.0.0.1", port=port, tls=tls, sender=SENDER, **login)  # type: ignore[arg-type] # texts
    seconds = {"step_seconds": HANGS_AFTER_SECONDS, "total_seconds": HANGS_AFTER_SECONDS, **options}
    return SmtpTransport(server, FakeClock(), tls_context=context, **seconds)  # type: ignore[arg-type] # as above


async def send(mailroom: Mailroom, mail: Mail | None = None, **options: Any) -> Outcome:
    async with mail_server(mailroom) as port:
        return await transport(port, **options).send(mail or a_mail())


async def test_a_mail_arrives_as_text_and_html_with_its_row_as_message_id(mailroom: Mailroom) -> None:
    mail = a_mail()
    assert await send(mailroom, mail) == Delivered()
    (message,) = mailroom.taken
    assert message["Message-ID"] == f"<{mail.message_id}@example.com>"
    assert (message["From"], message["To"], message["Subject"]) == (
        "doorward <accounts@example.com>",
        "ada@example.com",
        "Confirm",
    )
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == CONTENT.text.splitlines()
    (envelope,) = mailroom.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("accounts@example.com", ["ada@example.com"])


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_the_connection_is_encrypted_and_its_certificate_verified(
    mailroom: Mailroom, certificates: Certificates, tls: str
) -> None:
    contexts: dict[str, Any] = {tls: certificates.server_context()}
    async with mail_server(mailroom, **contexts) as port:
        outcome = await transport(port, tls, context=certificates.client_context()).send(a_mail())
    assert outcome == Delivered()
    assert tls == "implicit" or mailroom.was_encrypted == [True]


async def test_a_server_without_starttls_gets_no_mail_and_no_password(mailroom: Mailroom) -> None:
    async with mail_server(mailroom, login=("doorward", "secret word")) as port:
        sending = transport(port, "starttls", username="doorward", password="secret word")
        assert isinstance(await sending.send(a_mail()), Outage)
    assert mailroom.seen == 0


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_of_an_unknown_authority_gets_no_mail(
    mailroom: Mailroom, certificates: Certificates, tls: str
) -> None:
    contexts: dict[str, Any] = {tls: certificates.server_context()}
    async with mail_server(mailroom, **contexts) as port:
        assert isinstance(await transport(port, tls).send(a_mail()), Outage)
    assert mailroom.seen == 0


async def test_a_certificate_of_another_host_gets_no_mail(mailroom: Mailroom, certificates: Certificates) -> None:
    async with mail_server(mailroom, implicit=certificates.server_context("127.0.0.2")) as port:
        sending = transport(port, "implicit", context=certificates.client_context())
        assert isinstance(await sending.send(a_mail()), Outage)
    assert mailroom.seen == 0


async def test_the_credentials_are_sent(mailroom: Mailroom) -> None:
    async with mail_server(mailroom, login=("doorward", "secret word")) as port:
        assert await transport(port, username="doorward", password="secret word").send(a_mail()) == Delivered()


async def test_a_refused_login_is_an_outage_and_does_not_reveal_the_password(mailroom: Mailroom, logs: Logs) -> None:
    password = mark()
    async with mail_server(mailroom, login=("doorward", "another")) as port:
        outcome = await transport(port, username="doorward", password=password).send(a_mail())
    assert outcome == Outage("SMTPAuthenticationError_535")
    assert password not in logs.getvalue()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("451 Try later", TryAgain("smtp_451")),
        ("421 Closing", TryAgain("smtp_421", is_fault=True)),
        ("554 No", Refused("smtp_554")),
        ("552 Too large", Refused("smtp_552")),
    ],
)
async def test_responses_to_the_content_are_distinguished(mailroom: Mailroom, answer: str, outcome: Outcome) -> None:
    mailroom.answers = [answer]
    assert await send(mailroom) == outcome


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("450 Busy", TryAgain("smtp_450")),
        ("550 5.1.1 No such user", Refused("smtp_550", is_unknown_mailbox=True)),
        ("550 No such user", Refused("smtp_550", is_unknown_mailbox=True)),
        ("550 5.7.1 Blocked", Refused("smtp_550")),
        ("552 Full", Refused("smtp_552")),
    ],
)
async def test_an_unknown_mailbox_is_distinguished_from_other_recipient_refusals(
    mailroom: Mailroom, answer: str, outcome: Outcome
) -> None:
    mailroom.answer_to_recipient = answer
    assert await send(mailroom) == outcome


async def test_a_refused_sender_loses_no_mail(mailroom: Mailroom) -> None:
    mailroom.answer_to_sender = "550 Not yours"
    assert await send(mailroom) == TryAgain("sender_refused_550", is_fault=True)


async def test_a_mail_is_retried_after_the_server_closes_the_connection(mailroom: Mailroom) -> None:
    mailroom.answers = ["hang up"]
    outcome = await send(mailroom)
    assert isinstance(outcome, TryAgain)
    assert outcome.is_fault


@pytest.mark.parametrize("limit", ["step_seconds", "total_seconds"])
async def test_a_stalled_server_is_abandoned(mailroom: Mailroom, limit: str) -> None:
    released = asyncio.Event()
    mailroom.before_data = released.wait
    options: dict[str, Any] = {limit: 0.5}
    outcome = await send(mailroom, **options)
    released.set()
    assert isinstance(outcome, TryAgain)
    assert outcome.is_fault


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """A server that accepts connections and sends nothing."""
    ended = asyncio.Event()

    async def stay(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(stay, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        ended.set()


async def test_a_server_that_never_greets_is_an_outage() -> None:
    async with silent_server() as port:
        assert isinstance(await transport(port, step_seconds=0.3).send(a_mail()), Outage)


async def test_a_missing_server_is_an_outage() -> None:
    async with mail_server(Mailroom()) as port:
        pass
    assert isinstance(await transport(port).send(a_mail()), Outage)


INJECTIONS: list[Callable[[str], Mail]] = [
    lambda end: a_mail(to=f"ada@example.com{end}Bcc: eve@example.com"),
    lambda end: a_mail(to=f"ada{end}@example.com"),
    lambda end: a_mail(subject=f"Confirm{end}Bcc: eve@example.com"),
]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("injected", INJECTIONS)
async def test_a_line_break_in_a_value_adds_no_header(
    mailroom: Mailroom, injected: Callable[[str], Mail], end: str
) -> None:
    assert await send(mailroom, injected(end)) == Refused(UNUSABLE, is_answer=False)
    assert mailroom.seen == 0


async def test_an_address_that_contains_a_second_one_is_refused(mailroom: Mailroom) -> None:
    for to in ("ada@example.com,eve@example.com", "ada@example.com, eve@example.com", "Ada <ada@example.com>"):
        assert await send(mailroom, a_mail(to=to)) == Refused(UNUSABLE, is_answer=False)
    assert mailroom.seen == 0


async def test_a_non_ascii_domain_is_sent_in_ascii(mailroom: Mailroom) -> None:
    assert await send(mailroom, a_mail(to="ada@straße.example")) == Delivered()
    (envelope,) = mailroom.envelopes
    assert envelope.rcpt_tos == ["ada@xn--strae-oqa.example"]


async def test_a_non_ascii_local_part_is_sent_unchanged(mailroom: Mailroom) -> None:
    assert await send(mailroom, a_mail(to="jürgen@example.com")) == Delivered()
    (envelope,) = mailroom.envelopes
    assert envelope.rcpt_tos == ["jürgen@example.com"]
