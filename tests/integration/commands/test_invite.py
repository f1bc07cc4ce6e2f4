"""`doorward invite`: an operator invites an address, which is recorded in the audit log."""

import asyncio

import pytest

from doorward.commands.main import main
from tests.integration.service import Service, mark


@pytest.fixture
def mail_settings(environment: pytest.MonkeyPatch, service: Service) -> pytest.MonkeyPatch:
    environment.setenv("DATABASE_URL", service.database_url)
    environment.setenv("PUBLIC_URL", "https://auth.example.com")
    return environment


@pytest.mark.usefixtures("mail_settings")
async def test_an_invitation_of_an_operator_is_in_the_audit_log(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    email = f"{mark()}@example.com"
    assert await asyncio.to_thread(main, ["invite", email]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[-1] == "doorward: the address is invited; a running service or worker sends the mail"
    assert "accounts.invitation.created" in shown
    assert email not in shown
    (invitation,) = service.sql("SELECT id, secret_hash FROM invitations WHERE email_key = %s", email)
    assert invitation["secret_hash"] is None
    (event,) = service.sql(
        "SELECT actor, user_id FROM audit_events WHERE type = 'invitation.created' AND data ->> 'invitation_id' = %s",
        str(invitation["id"]),
    )
    assert event["actor"].startswith("operator:")
    assert event["user_id"] is None
    assert service.sql("SELECT 1 FROM users WHERE email_key = %s", email) == []


@pytest.mark.usefixtures("mail_settings")
async def test_an_address_with_an_account_is_refused_in_one_line(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    person = await service.register()
    assert await asyncio.to_thread(main, ["invite", person.email]) == 1
    assert "An account with this e-mail address exists" in capsys.readouterr().err


async def test_without_mail_the_command_names_the_missing_settings(
    environment: pytest.MonkeyPatch, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("DATABASE_URL", service.database_url)
    assert await asyncio.to_thread(main, ["invite", f"{mark()}@example.com"]) == 1
    assert "SMTP_HOST" in capsys.readouterr().err
