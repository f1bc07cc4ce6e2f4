"""Users of a trusted issuer without an address and a password: administration, export, mail, names."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import psycopg
import pytest

from development.client import PASSWORD
from doorward.domain.accounts.models import Mail
from doorward.domain.accounts.ports import DevelopmentMails
from doorward.domain.accounts.repositories import accounts, email_changes, recipients
from tests.integration.accounts.leaving import erase_after_the_grace
from tests.integration.accounts.own_account import Owner
from tests.integration.administration.administrator import USERS, signed_in_with
from tests.integration.administration.user_files import UserFiles
from tests.integration.mailbox import make_service_with_mail, next_mail, token_in
from tests.integration.service import MakeService, Service, is_problem, mark

ISSUER = "https://accounts.example"


@dataclass(frozen=True, slots=True)
class External:
    """A user of the issuer."""

    id: str
    subject: str
    username: str

    @classmethod
    async def create(cls, service: Service) -> Self:
        """Store a user as the first request with a token of the issuer does."""
        user = cls(str(uuid4()), mark(), f"ext_{mark()[:20]}")
        await service.write(
            "INSERT INTO users (id, username, username_key) VALUES (%s, %s, %s)", user.id, user.username, user.username
        )
        await service.write(
            "INSERT INTO federated_identities (issuer, subject, user_id, created_at) VALUES (%s, %s, %s, now())",
            ISSUER,
            user.subject,
            user.id,
        )
        return user

    def path(self, *parts: str) -> str:
        return "/".join([USERS, self.id, *parts])


@pytest.fixture
async def external(service: Service) -> External:
    return await External.create(service)


async def found(admin: Owner, **parameters: str) -> list[dict[str, Any]]:
    answer = await admin.call("GET", USERS, params=parameters)
    assert answer.status_code == 200, answer.text
    users: list[dict[str, Any]] = answer.json()["users"]
    return users


async def test_administration_shows_a_null_address_and_the_external_identity(admin: Owner, external: External) -> None:
    shown = (await admin.call("GET", external.path())).json()
    assert (shown["email"], shown["email_verified"], shown["has_password"]) == (None, False, False)
    assert shown["identities"] == [{"issuer": ISSUER, "subject": external.subject}]
    for parameters in (
        {"issuer": ISSUER, "subject": external.subject},
        {"username": external.username},
        {"q": external.username[4:]},
        {"q": external.username[4:], "verified": "false", "status": "active"},
    ):
        assert await found(admin, **parameters) == [shown]
    assert await found(admin, issuer=ISSUER, subject=mark()) == []
    assert await found(admin, issuer="https://other.example", subject=external.subject) == []
    assert external.id in {each["id"] for each in await found(admin, issuer=ISSUER)}
    alone = await admin.call("GET", USERS, params={"subject": external.subject})
    assert is_problem(alone, 422, "invalid_request")


async def test_local_users_have_no_identities(admin: Owner) -> None:
    (shown,) = await found(admin, username=admin.person.username)
    assert shown["identities"] == []


async def test_administrative_actions_work_except_a_reset_without_an_address(
    mailing: Service,
) -> None:
    admin, external = await signed_in_with(mailing, "admin"), await External.create(mailing)
    refused = await admin.call("POST", external.path("password-reset"))
    assert is_problem(refused, 409, "user_without_email")
    for parts in (["deactivate"], ["activate"], ["unthrottle"], ["sessions", "end"]):
        assert (await admin.call("POST", external.path(*parts))).status_code == 204
    assert (await admin.call("DELETE", external.path())).status_code == 204
    assert (await admin.call("GET", external.path())).json()["status"] == "deletion_pending"


async def test_an_account_without_an_address_is_not_a_mail_recipient(service: Service, external: External) -> None:
    user_id = UUID(external.id)
    async with service.database.transaction() as connection:
        assert await recipients.find_recipient(connection, user_id) is None
        assert await accounts.find_mailbox(connection, user_id) is None
        assert await accounts.lock_mailbox(connection, user_id) is None
        assert await email_changes.lock_mailbox(connection, user_id) is None


async def test_no_mail_is_written_to_a_user_without_an_address(
    make_service: MakeService, own_database: str, tmp_path: Path
) -> None:
    service = await make_service_with_mail(make_service, tmp_path, database_url=own_database)
    admin, external = await signed_in_with(service, "admin"), await External.create(service)
    before = {mail.message_id for mail in await development_mails(service)}
    assert (await admin.call("DELETE", external.path())).status_code == 204
    async with asyncio.timeout(60):
        while True:
            if not service.sql("SELECT id FROM outbox WHERE kind = 'deletion_scheduled' AND dead_reason IS NULL"):
                break
            await asyncio.sleep(0.02)
    assert service.sql("SELECT id FROM outbox WHERE dead_reason IS NOT NULL") == []
    new = [mail.content.subject for mail in await development_mails(service) if mail.message_id not in before]
    assert not [subject for subject in new if "delet" in subject.lower()]


async def development_mails(service: Service) -> Sequence[Mail]:
    mails: DevelopmentMails = service.app.state.services.development_mails
    return await mails.list()


async def test_deleting_a_user_removes_the_identity(admin: Owner, external: External, service: Service) -> None:
    gone = await External.create(service)
    assert (await admin.call("DELETE", external.path(), params={"now": "true"})).status_code == 204
    assert (await admin.call("DELETE", gone.path())).status_code == 204
    await erase_after_the_grace(service)
    ids = [UUID(external.id), UUID(gone.id)]
    assert service.sql("SELECT id FROM users WHERE id = ANY(%s)", ids) == []
    assert service.sql("SELECT user_id FROM federated_identities WHERE user_id = ANY(%s)", ids) == []


async def test_an_administrator_sets_an_address_and_its_owner_a_password(mailing: Service) -> None:
    admin, external = await signed_in_with(mailing, "admin"), await External.create(mailing)
    email = f"{mark()}@example.com"
    changed = await admin.call("PATCH", external.path(), json={"email": email, "username": mark()[:12]})
    assert (changed.status_code, changed.json()["email"]) == (200, email)
    assert await next_mail(mailing, email, "Confirm")
    await mailing.client.post("/api/v1/auth/password/forgot", json={"email": email})
    token = token_in(await next_mail(mailing, email, "password"))
    assert (await mailing.post_reset(token, PASSWORD)).status_code == 204
    pair = (await mailing.post_token(email, PASSWORD)).json()
    exported = await mailing.authorized("POST", "/api/v1/account/export", pair["access_token"])
    assert [each["subject"] for each in exported.json()["identities"]] == [external.subject]


@pytest.mark.parametrize("format_", ["ndjson", "csv"])
async def test_an_export_includes_external_users_and_an_import_skips_them(service_alone: Service, format_: Any) -> None:
    external, files = await External.create(service_alone), UserFiles(service_alone)
    exported = await files.export(format_)
    (line,) = [line for line in exported.decode().splitlines() if external.username in line]
    if format_ == "ndjson":
        assert json.loads(line)["email"] is None
    else:
        assert line.startswith(f",{external.username},")
    service_alone.sql("DELETE FROM users WHERE id = %s", external.id)
    assert list((await files.store(exported, format_)).codes.values()) == ["invalid_email"]


async def test_a_login_by_name_gets_the_usual_refusal(service: Service, external: External) -> None:
    refused = await service.post_token(external.username, PASSWORD)
    assert is_problem(refused, 401, "invalid_credentials")
    assert refused.json()["detail"] == (await service.post_token(mark()[:20], PASSWORD)).json()["detail"]


async def test_a_taken_address_is_reported_before_a_name_of_an_external_user(
    admin: Owner, external: External, service: Service
) -> None:
    name, other = mark()[:20], await service.register()
    assert (await admin.call("PATCH", external.path(), json={"username": name})).status_code == 200
    assert is_problem(await service.post_register(name, other.email, PASSWORD), 409, "email_taken")
    assert is_problem(await service.post_register(name, f"{mark()}@example.com", PASSWORD), 409, "username_taken")


@pytest.mark.parametrize("name", ["ext_ada", "EXT_ada", "Ext_42"])
async def test_names_of_external_users_are_reserved(admin: Owner, service: Service, name: str) -> None:
    refused = await service.post_register(name, f"{mark()}@example.com", PASSWORD)
    assert is_problem(refused, 422, "username_reserved")
    renamed = await admin.call("PATCH", "/api/v1/account", json={"username": name})
    assert is_problem(renamed, 422, "username_reserved")
    body = {"email": f"{mark()}@example.com", "username": name, "password": PASSWORD}
    assert is_problem(await admin.call("POST", USERS, json=body), 422, "username_reserved")


async def test_names_of_external_users_are_reserved_in_files(service_alone: Service) -> None:
    files = UserFiles(service_alone)
    file = json.dumps({"email": "ada@example.com", "username": "ext_ada"}).encode() + b"\n"
    assert list((await files.store(file)).codes.values()) == ["username_reserved"]


@pytest.mark.parametrize(
    "change",
    ["password_hash = '!'", "email_verified_at = now()", "email = 'ada@example.com'", "email_key = 'ada@example.com'"],
)
def test_a_constraint_requires_an_address_for_a_password(service: Service, external: External, change: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        service.sql(f"UPDATE users SET {change} WHERE id = %s", external.id)
