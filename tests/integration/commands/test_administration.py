"""`doorward create-admin`, `users` and `invitations`: the use cases of the API, for an operator at a shell."""

import asyncio
import io
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from development.client import PASSWORD, Person, new_person
from doorward.commands.main import main
from tests.integration.accounts.own_account import is_dead
from tests.integration.administration.administrator import give, stored, trail
from tests.integration.mailbox import PUBLIC_URL
from tests.integration.service import MakeService, Service, is_problem, mark

Run = Callable[..., Awaitable[int]]
ACCEPT_PAGE = "/account/accept-invitation"


@pytest.fixture
async def with_pages(make_service: MakeService) -> Service:
    return await make_service(public_url=PUBLIC_URL)


@pytest.fixture
def run(environment: pytest.MonkeyPatch, service: Service) -> Run:
    """Run a command on the database of the running service, with these lines on standard input."""
    environment.setenv("DATABASE_URL", service.database_url)
    environment.setenv("PUBLIC_URL", PUBLIC_URL)

    async def run(*arguments: str, typed: str = "") -> int:
        environment.setattr("sys.stdin", io.StringIO(typed))
        return await asyncio.to_thread(main, arguments)

    return run


def token_of(output: str) -> str:
    """Return the token of the link on a line of its own; links in printed mails are indented."""
    (token,) = re.findall(rf"^https://auth\.example\.com{ACCEPT_PAGE}#token=(\S+)$", output, re.MULTILINE)
    return str(token)


async def test_create_admin_prints_a_link_that_creates_one_administrator(
    run: Run, with_pages: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service = with_pages
    email, chosen = f"{mark()}@example.com", new_person()
    assert await run("create-admin", email) == 0
    token = token_of(capsys.readouterr().out)
    assert service.sql("SELECT 1 FROM users WHERE email_key = %s", email) == []
    assert token not in str(service.sql("SELECT * FROM invitations") + service.sql("SELECT * FROM audit_events"))
    assert (await service.client.get(ACCEPT_PAGE)).status_code == 200
    form = {"token": token, "username": chosen.username, "password": PASSWORD}
    accepted = await service.client.post(ACCEPT_PAGE, data=form)
    assert accepted.status_code == 200, accepted.text
    (made,) = service.sql("SELECT roles, email FROM users WHERE username = %s", chosen.username)
    assert (made["roles"], made["email"]) == (["admin"], email)
    again = await service.client.post(ACCEPT_PAGE, data={**form, "username": new_person().username})
    assert again.status_code == 422
    (event,) = service.sql("SELECT actor FROM audit_events WHERE type = 'invitation.created' ORDER BY id DESC LIMIT 1")
    assert event["actor"].startswith("operator:")


async def test_create_admin_reads_a_password_from_stdin_and_generates_a_name(
    run: Run, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    email = f"{mark()}@example.com"
    assert await run("create-admin", email, "--password-stdin", typed=f"{PASSWORD}\r\nignored\n") == 0
    shown = capsys.readouterr().out
    (made,) = service.sql("SELECT username, roles FROM users WHERE email_key = %s", email)
    assert made["roles"] == ["admin"]
    assert made["username"].startswith("u-")
    assert len(made["username"]) == 12
    assert made["username"] in shown
    assert PASSWORD not in shown
    assert (await service.post_token(email, PASSWORD)).status_code == 200
    named = f"{mark()}"
    arguments = ("create-admin", f"{named}@example.com", "--password-stdin", "--username", named)
    assert await run(*arguments, typed=PASSWORD) == 0
    assert (await service.post_token(named, PASSWORD)).status_code == 200


async def test_create_admin_refuses_a_taken_address_and_invalid_values(
    run: Run, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    person, email = await service.register(), f"{mark()}@example.com"
    for arguments, typed, status, text in [
        ((person.email.upper(),), "", 1, "An account with this e-mail address exists"),
        ((person.email, "--password-stdin"), PASSWORD, 1, "An account with this e-mail address exists"),
        (("no-address",), "", 1, "This is not a usable e-mail address"),
        ((email, "--password-stdin"), "", 1, "standard input has no password"),
        ((email, "--password-stdin"), "password1\n", 1, "This password is among the first"),
        ((email, "--password-stdin", "--username", person.username), PASSWORD, 1, "An account with this user name"),
        ((email, "--username", "ada"), "", 2, "--username goes with --password-stdin"),
    ]:
        assert await run("create-admin", *arguments, typed=typed) == status, arguments
        assert text in capsys.readouterr().err
    assert stored(service, person)["roles"] == []
    assert service.sql("SELECT 1 FROM users WHERE email_key = %s", email) == []


async def test_without_a_public_url_create_admin_names_the_missing_setting(
    run: Run, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.delenv("PUBLIC_URL")
    assert await run("create-admin", f"{mark()}@example.com") == 1
    assert "PUBLIC_URL" in capsys.readouterr().err


async def test_without_mail_the_page_of_the_link_exists_if_there_is_a_public_url(make_service: MakeService) -> None:
    production: dict[str, object] = {"environment": "production", "bcrypt_rounds": 12}
    with_address = await make_service(**production, public_url=PUBLIC_URL)
    assert (await with_address.client.get(ACCEPT_PAGE)).status_code == 200
    assert (await with_address.client.get("/account/static/fragment.js")).status_code == 200
    assert (await with_address.client.get("/account/reset-password")).status_code == 404
    without = await make_service(**production)
    assert (await without.client.get(ACCEPT_PAGE)).status_code == 404


async def test_users_are_created_shown_changed_and_listed(
    run: Run, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    word = mark()
    email = f"{word}@example.com"
    created = ("users", "create", email, "--username", word, "--role", "auditor", "--external-id", word)
    assert await run(*created, typed=PASSWORD) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["username"], shown["roles"], shown["status"]) == (word, ["auditor"], "active")
    assert "password_hash" not in shown
    for name in (word.upper(), email, shown["id"]):
        assert await run("users", "show", name) == 0
        assert json.loads(capsys.readouterr().out)["id"] == shown["id"]
    assert await run("users", "change", word, "--no-roles", "--external-id", "", "--locale", "de") == 0
    changed = json.loads(capsys.readouterr().out)
    assert (changed["roles"], changed["external_id"], changed["locale"]) == ([], None, "de")
    assert await run("users", "list", "-q", word, "--unverified", "--status", "active") == 0
    output = capsys.readouterr()
    assert [json.loads(line) for line in output.out.splitlines()] == [changed]
    assert "doorward: 1 users in all" in output.err
    rows = trail(service, Person(shown["id"], "", "", ""))
    assert {actor.partition(":")[0] for _, actor in rows if actor} == {"operator"}


async def test_each_action_on_a_user_does_what_the_api_does(
    run: Run, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    person, pair = await service.register_and_log_in()
    # A command uses PostgreSQL's clock.
    service.sql("UPDATE sessions SET expires_at = now() + interval '1 day' WHERE user_id = %s", person.id)
    assert await run("users", "sessions", person.username) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert await run("users", "end-sessions", person.email) == 0
    assert "ended 1 sessions" in capsys.readouterr().out
    assert await is_dead(service, pair)
    assert await run("users", "password-reset", person.email) == 0
    assert is_problem(await service.post_login(person), 403, "password_change_required")
    assert await run("users", "unthrottle", person.email) == 0
    assert await run("users", "reset-factors", person.email) == 0
    assert await run("users", "deactivate", person.email) == 0
    assert stored(service, person)["is_active"] is False
    assert await run("users", "activate", person.email) == 0
    assert await run("users", "delete", person.email) == 0
    assert stored(service, person)["deletion_due_at"] is not None
    assert await run("users", "audit", person.id, "--type", "user.deactivated") == 0
    entries = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [json.loads(line)["type"] for line in entries] == ["user.deactivated"]
    assert await run("users", "delete", "--now", person.id) == 0
    assert service.sql("SELECT 1 FROM users WHERE id = %s", person.id) == []
    assert await run("users", "show", person.id) == 1
    assert "There is no such user" in capsys.readouterr().err


async def test_no_command_removes_the_last_administrator(
    make_service: MakeService, own_database: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = await make_service(database_url=own_database)
    environment.setenv("DATABASE_URL", own_database)
    person = await alone.register()
    await give(alone, person, "admin")
    for arguments in (
        ("deactivate", person.username),
        ("users", "deactivate", person.username),
        ("users", "delete", person.username),
        ("users", "delete", "--now", person.username),
        ("users", "change", person.username, "--no-roles"),
        ("users", "change", person.username, "--role", "support"),
    ):
        assert await asyncio.to_thread(main, arguments) == 1, arguments
        assert "This is the last active administrator" in capsys.readouterr().err
    assert (stored(alone, person)["is_active"], stored(alone, person)["roles"]) == (True, ["admin"])


async def test_invitations_are_created_listed_and_revoked(
    run: Run, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    email = f"{mark()}@example.com"
    assert await run("invitations", "create", email, "--role", "support") == 0
    assert "the address is invited" in capsys.readouterr().out
    assert await run("invitations", "create", email, "--role", "auditor", "--link") == 0
    token = token_of(capsys.readouterr().out)
    assert await run("invitations", "list") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if email in line]
    assert line.split("\t")[2] == "auditor"
    assert await run("invitations", "revoke", line.split("\t")[0]) == 0
    body: dict[str, Any] = {"token": token, "username": new_person().username, "password": PASSWORD}
    accepted = await service.client.post("/api/v1/auth/invitations/accept", json=body)
    assert is_problem(accepted, 422, "invalid_token")
    assert await run("invitations", "create", email, "--role", "no-such-role") == 1
