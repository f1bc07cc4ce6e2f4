"""Mail of a running service: it is delivered, and shown on a page in development only."""

import asyncio
import io
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from uuid import UUID, uuid4

import pytest

from doorward.commands.main import main
from doorward.domain.accounts.models import Mail, MailContent
from doorward.domain.accounts.repositories import accounts
from doorward.domain.auth.models import User
from doorward.domain.auth.repositories import users
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.domain.outbox.models import Refused
from doorward.infrastructure.mail.development import KEPT_MAILS, DevelopmentMailbox
from doorward.wiring.mail import create_mail, create_sealer
from tests.integration.mail_server import Mailroom, mail_server
from tests.integration.outbox.messages import eventually
from tests.integration.service import FakeClock, MakeService, Service, mark

MAILS = "/development/mails"


@pytest.fixture
def development(own_database: str, tmp_path: Path) -> dict[str, Any]:
    """Return the settings of a service that shows its mails on a page."""
    return {
        "database_url": own_database,
        "public_url": "http://localhost:8000",
        "mail_development_folder": tmp_path / "mails",
        "background": "in_process",
    }


async def queue_notice(service: Service, kind: MailKind = MailKind.PASSWORD_CHANGED) -> str:
    """Queue a notice; return the address. The user is stored directly, because a sign-up would send a mail too."""
    email = f"{mark()}@example.com"
    user = User(uuid4(), email, mark(), is_active=True)
    queue = MailQueue(create_sealer(service.settings))
    async with service.database.transaction() as connection:
        await users.add_user(connection, user, email_key=email, password_hash="of no password")
        await accounts.update_email_verified(connection, user.id, now=service.clock.now())
        request = MailRequest(kind, MailOrigin.SERVICE, user.id)
        await queue.add(connection, request, expires_at=service.clock.now() + timedelta(days=1))
    return email


async def is_delivered(service: Service) -> None:
    await eventually(lambda: not service.sql("SELECT id FROM outbox WHERE dead_reason IS NULL"))


async def test_development_shows_mails_on_a_page_and_in_the_console(
    make_service: MakeService, development: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    service = await make_service(**development)
    assert "No mail was sent yet." in (await service.client.get(MAILS)).text
    email = await queue_notice(service)
    await is_delivered(service)
    page = (await service.client.get(MAILS)).text
    assert "Your password was changed" in page
    assert email in page
    (path,) = {urljoin(MAILS, part.split('"')[0]) for part in page.split('href="')[1:]}
    mail = await service.client.get(path)
    assert (mail.status_code, mail.headers["cache-control"]) == (200, "no-store")
    assert "default-src 'none'; style-src 'unsafe-inline'" in mail.headers["content-security-policy"]
    assert "The password of your account was changed." in mail.text
    assert (await service.client.get(f"{path}/html")).text.startswith("<!doctype html>")
    assert f"Mail to {email}: Your password was changed" in capsys.readouterr().out
    assert (await service.client.get(f"{MAILS}/{uuid4()}")).status_code == 404


async def test_the_page_still_shows_mails_after_a_restart(
    make_service: MakeService, development: Mapping[str, Any]
) -> None:
    first = await make_service(**development)
    email = await queue_notice(first)
    await is_delivered(first)
    second = await make_service(**development)
    assert email in (await second.client.get(MAILS)).text


async def test_without_mail_settings_there_is_no_page_and_no_queue(make_service: MakeService) -> None:
    service = await make_service()
    assert (await service.client.get(MAILS)).status_code == 404
    queue = create_mail(service.settings, service.database, service.clock, delivers=True).queue
    assert not queue.is_configured


async def test_production_sends_mail_and_has_no_page(make_service: MakeService, own_database: str) -> None:
    mailroom = Mailroom()
    async with mail_server(mailroom) as port:
        service = await make_service(
            environment="production",
            bcrypt_rounds=10,
            database_url=own_database,
            public_url="https://auth.example.com",
            email_from="Example <accounts@example.com>",
            smtp_host="127.0.0.1",
            smtp_port=port,
            smtp_tls="none",
            background="in_process",
        )
        email = await queue_notice(service)
        await is_delivered(service)
        assert (await service.client.get(MAILS)).status_code == 404
        assert (await service.client.get("/health/readiness")).status_code == 200
    assert [message["To"] for message in mailroom.taken] == [email]


async def test_an_unreachable_mail_server_does_not_change_readiness(
    make_service: MakeService, development: Mapping[str, Any]
) -> None:
    async with mail_server(Mailroom()) as port:
        pass
    server = {"email_from": "accounts@example.com", "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none"}
    service = await make_service(**development, **server)
    email = await queue_notice(service)
    # During an attempt, the lease sets due_at to two minutes from now.
    scheduled = "SELECT id FROM outbox WHERE due_at - clock_timestamp() BETWEEN interval '1 s' AND interval '60 s'"
    await eventually(lambda: bool(service.sql(scheduled)))
    assert (await service.client.get("/health/readiness")).status_code == 200
    assert email in (await service.client.get(MAILS)).text, "with a server, the page shows mails as well"


async def test_a_service_without_background_tasks_delivers_no_mail(
    make_service: MakeService, development: Mapping[str, Any]
) -> None:
    service = await make_service(**{**development, "background": "off"})
    await queue_notice(service)
    assert create_mail(service.settings, service.database, service.clock, delivers=False).delivery is None
    await asyncio.sleep(0.3)
    assert [row["attempts"] for row in service.sql("SELECT attempts FROM outbox")] == [0]


def mail(number: int = 0, to: str = "ada@example.com") -> Mail:
    html = "<p>https://auth.example.com/x#token=1</p>"
    return Mail(UUID(int=number), to, MailContent("Subject", "Follow\nhttps://auth.example.com/x#token=1", html))


async def test_the_folder_keeps_the_latest_mails_with_permissions_for_the_owner_only(
    tmp_path: Path, clock: FakeClock
) -> None:
    mailbox = DevelopmentMailbox(tmp_path / "mails", clock, console=io.StringIO())
    for number in range(KEPT_MAILS + 2):
        await mailbox.send(mail(number))
    assert len(await mailbox.list()) == KEPT_MAILS
    assert await mailbox.find(UUID(int=KEPT_MAILS + 1)) is not None
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "mails", *(tmp_path / "mails").iterdir())} == {0}


async def test_a_mail_that_another_process_removes_meanwhile_is_not_listed(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = DevelopmentMailbox(tmp_path, clock, console=io.StringIO())
    for number in range(2):
        await mailbox.send(mail(number))
    read = Path.read_bytes

    def removed_before(path: Path) -> bytes:
        if path.stem == str(UUID(int=0)):
            path.unlink()
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", removed_before)
    assert [each.message_id for each in await mailbox.list()] == [UUID(int=1)]
    assert await mailbox.find(UUID(int=0)) is None


async def test_the_console_shows_the_link(tmp_path: Path, clock: FakeClock) -> None:
    console = io.StringIO()
    await DevelopmentMailbox(tmp_path, clock, console=console).send(mail())
    assert "https://auth.example.com/x#token=1" in console.getvalue()


async def test_the_development_mailbox_refuses_addresses_that_servers_refuse(tmp_path: Path, clock: FakeClock) -> None:
    mailbox = DevelopmentMailbox(tmp_path, clock, console=io.StringIO())
    refused = await mailbox.send(mail(to="ada@example.com\r\nBcc: eve@example.com"))
    assert refused == Refused("unusable_address_or_subject", is_answer=False)


@pytest.mark.parametrize("command", ["serve", "worker", "check-config"])
def test_a_broken_template_stops_the_start_with_one_line_of_error(
    environment: pytest.MonkeyPatch,
    shared_database: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    (tmp_path / "templates" / "en").mkdir(parents=True)
    (tmp_path / "templates" / "en" / "verify_email.txt").write_text("{{ link", encoding="utf-8")
    environment.setenv("DATABASE_URL", shared_database)
    environment.setenv("PUBLIC_URL", "http://localhost:8000")
    environment.setenv("MAIL_TEMPLATES_FOLDER", str(tmp_path / "templates"))
    assert main([command]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("doorward: the mail template en/verify_email.txt, line 1 cannot be used:")
    assert line.endswith("Correct it, or unset MAIL_TEMPLATES_FOLDER")
