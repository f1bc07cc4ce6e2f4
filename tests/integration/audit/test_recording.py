"""Each change of a user or a session is a row of the audit log, stored with the change and reported after it."""

import asyncio
import io
import os
import pwd
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from development.client import ACCOUNT, AUTH, PASSWORD, Person, pair
from doorward.commands.main import main
from doorward.core.events import AuditedEvent, Event, event_classes
from doorward.domain.accounts.deletion import GRACE
from doorward.domain.accounts.erasure import Erasure
from doorward.domain.accounts.invitations import Acceptance
from doorward.domain.accounts.links import AccountLinks
from doorward.domain.accounts.recovery import ResetMail
from doorward.domain.accounts.verification import VerificationMail
from doorward.domain.administration.exporting.models import UserExportRequest
from doorward.domain.administration.importing.models import UserImportRequest
from doorward.domain.administration.importing.user_import import Watcher
from doorward.domain.administration.models import OPERATOR, UserChanges
from doorward.domain.audit.recording import record
from doorward.domain.audit.retention import AuditRetention
from doorward.domain.auth.events import UserDeactivated
from doorward.domain.outbox.mail import ComposedMail, MailKind, MailOrigin, MailRequest
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.observability.logging import observed_events
from doorward.wiring.accounts import create_one_time_tokens
from doorward.wiring.administration import create_administration
from doorward.wiring.foundation import Foundation
from doorward.wiring.registration import registration_rules
from tests.integration.accounts.conftest import mails_of
from tests.integration.accounts.email_change import NEW, changing
from tests.integration.accounts.joining import joining_of
from tests.integration.audit.trail import PlainDatabase, rows_of
from tests.integration.service import Logs, Service, mark
from tests.integration.webhook_receiver import Receiver, answer_of, receiving
from tests.integration.webhooks.endpoints import Hooks

BOUND_SECONDS = 60
Run = Callable[..., Awaitable[int]]


@pytest.fixture
def run(environment: pytest.MonkeyPatch, service_alone: Service) -> Run:
    """Run the command beside the service, on its database."""
    environment.setenv("DATABASE_URL", service_alone.database_url)

    async def run(*arguments: str) -> int:
        return await asyncio.to_thread(main, arguments)

    return run


async def every_change(service: Service, run: Run) -> Person:
    """Make one change of each kind, to one person."""
    person, first = await service.register_and_log_in()
    await service.refresh(first.refresh)
    await service.post_refresh(first.refresh)
    await service.post_revoke((await service.log_in(person)).refresh)
    await change_account(service, person)
    await leave(service)
    await accept_an_invitation(service)
    await change_email(service)
    await administer(service)
    await change_webhooks(service)
    for command in ("deactivate", "activate", "unthrottle"):
        assert await run(command, person.email) == 0
    assert await run("revoke-all", "--yes") == 0
    service.clock.advance(timedelta(days=5000))
    database = PlainDatabase(service.database_url)
    await AuditRetention(database=database, clock=service.clock, retention=timedelta(days=1)).prune()
    return person


async def change_account(service: Service, person: Person) -> None:
    """Have the owner make every change of the account, with what mails would bring."""
    pair_of_proof = pair(await service.post_reauthenticate((await service.log_in(person)).access, PASSWORD))
    renamed = await service.authorized("PATCH", ACCOUNT, pair_of_proof.access, json={"username": mark()})
    assert renamed.status_code == 200
    changed = pair(await service.post_password(pair_of_proof.access, PASSWORD, f"{PASSWORD} twice"))
    services, tokens = service.app.state.services, create_one_time_tokens(service.settings.keys)
    parts = (service.database, service.clock, tokens, AccountLinks("https://auth.example.com"))
    user_id = UUID(person.id)
    verification = MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.OWNER, user_id=user_id)
    mail = await VerificationMail(*parts).compose(verification, uuid4())
    caller = await services.sessions.authenticate(changed.access)
    await services.verification.verify_by_session(caller, token=token_of(mail))
    reset = MailRequest(MailKind.PASSWORD_RESET, MailOrigin.STRANGER, email=person.email)
    await services.recovery.reset_by_token(token_of(await ResetMail(*parts).compose(reset, uuid4())), PASSWORD)
    assert (await service.post_token(person.email, PASSWORD)).status_code == 200


async def leave(service: Service) -> None:
    """Have somebody take the data along, delete the account, restore it, and delete it for good."""
    person, tokens = await service.register_and_log_in()
    assert (await service.authorized("POST", f"{ACCOUNT}/export", tokens.access)).status_code == 200
    assert (await service.authorized("POST", f"{ACCOUNT}/deletion", tokens.access)).status_code == 202
    token = (await service.post_login(person)).json()["restore_token"]
    assert (await service.call("POST", f"{AUTH}/deletion/cancel", json={"restore_token": token})).status_code == 204
    tokens = await service.log_in(person)
    assert (await service.authorized("POST", f"{ACCOUNT}/deletion", tokens.access)).status_code == 202
    service.clock.advance(GRACE)
    assert await Erasure(database=service.database, clock=service.clock).erase() == 1


async def accept_an_invitation(service: Service) -> None:
    """Have an operator invite an address, and its owner accept."""
    joining, email = joining_of(service, service.clock), f"{mark()}@example.com"
    await joining.inviting.invite(email)
    token = token_of(await joining.mail(email))
    await joining.invitations.accept_by_token(token, Acceptance(mark(), PASSWORD))


async def change_email(service: Service) -> None:
    """Have somebody give up a change of the e-mail address, and make another."""
    change = await changing(mails_of(service), verified=False)
    await change.request()
    await change.changes.cancel(await change.caller())
    await change.request()
    await change.confirm(await change.token(NEW))


async def administer(service: Service) -> None:
    """Have an operator define a role, change a user, force a reset, take an invitation back, import and export."""
    queue = MailQueue(AesGcmSealer([bytes(range(32))]))
    base = Foundation(service.settings, service.database, service.hasher, service.clock, queue)
    administration = create_administration(base, registration_rules(service.settings))
    role = await administration.roles.create(OPERATOR, "shop-manager", "", [])
    user_id = UUID((await service.register()).id)
    changes = UserChanges(roles=[role.name], locale="de")
    await administration.users.change(OPERATOR, user_id, changes, lambda _: True)
    await administration.user_actions.reset_password(OPERATOR, user_id)
    created = await administration.invitations.create(OPERATOR, f"{mark()}@example.com")
    await administration.invitations.revoke(OPERATOR, created.invitation.id)
    file = io.BytesIO(b'{"email": "' + mark().encode() + b'@example.com"}')
    with service.database.bulk_place():
        await administration.user_import.run(file, UserImportRequest(OPERATOR, "ndjson"), Watcher(lambda _: None))
        await administration.user_export.write(io.BytesIO(), UserExportRequest(OPERATOR))


async def change_webhooks(service: Service) -> None:
    """Have an operator add a webhook, and its receiver say that it is gone."""
    hooks = Hooks(service.database_url, service.clock)
    async with receiving(Receiver(answer_of(410))) as port:
        await hooks.endpoint(port)
        await hooks.tell(uuid4())
        await hooks.delivery().deliver_due()


def token_of(mail: ComposedMail | None) -> str:
    assert mail is not None
    return mail.facts["link"].partition("#token=")[2]


async def test_what_is_recorded_is_reported_and_in_the_same_order(service_alone: Service, run: Run) -> None:
    heard: list[Event] = []
    stored: list[tuple[object, ...]] = []

    def hear(event: Event) -> None:
        heard.append(event)
        # Before the last change, which removes them.
        if isinstance(event, AuditedEvent) and event.type == "session.all_ended":
            stored.extend((row["type"], row["user_id"], row["data"]) for row in rows_of(service_alone))

    with observed_events(hear):
        await every_change(service_alone, run)
    stored.extend((row["type"], row["user_id"], row["data"]) for row in rows_of(service_alone))
    reported = [(event.type, event.user_id, event.data()) for event in heard if isinstance(event, AuditedEvent)]
    assert stored == reported
    of_the_product = {event for event in event_classes(AuditedEvent) if event.__module__.startswith("doorward.")}
    assert {type(event) for event in heard} & of_the_product == of_the_product


async def test_an_entry_names_user_actor_session_request_and_address(service_alone: Service) -> None:
    person, pair = await service_alone.register_and_log_in()
    answer = await service_alone.post_revoke(pair.refresh)
    registered, begun, ended = rows_of(service_alone)
    (session,) = service_alone.sessions_of(person)
    assert str(registered["user_id"]) == person.id
    assert (registered["actor"], registered["session_id"], registered["data"]) == (None, None, {})
    assert (begun["actor"], begun["session_id"]) == (person.id, session["id"])
    assert (ended["type"], ended["version"], ended["session_id"]) == ("session.ended", 1, session["id"])
    assert (str(ended["user_id"]), ended["data"]) == (person.id, {"reason": "logout"})
    assert ended["correlation_id"] == answer.headers["x-correlation-id"]
    assert [row["personal"] for row in (registered, begun, ended)] == [{"client": "203.0.113.7"}] * 3


async def test_the_actor_of_a_command_is_the_operator_whatever_the_environment_says(
    service_alone: Service, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    person = await service_alone.register()
    assert await run("deactivate", person.username) == 0
    _, entry = rows_of(service_alone)
    assert entry["actor"] == f"operator:{pwd.getpwuid(os.getuid()).pw_name}"
    assert (str(entry["user_id"]), entry["personal"]) == (person.id, None)


async def test_no_entry_holds_what_a_person_typed_or_a_secret(service_alone: Service, run: Run) -> None:
    person, pair = await service_alone.register_and_log_in()
    await service_alone.post_revoke(pair.refresh)
    assert await run("deactivate", person.username) == 0
    entries = str(rows_of(service_alone))
    secrets = (person.email, person.username, person.password, pair.access, pair.refresh, pair.refresh[4:])
    assert not [secret for secret in secrets if secret in entries]


async def test_a_refused_login_and_a_refresh_leave_no_entry(service_alone: Service) -> None:
    person, pair = await service_alone.register_and_log_in()
    before = len(rows_of(service_alone))
    await service_alone.post_token(person.username, "wrong")
    await service_alone.post_token("unknown-user", "wrong")
    await service_alone.refresh(pair.refresh)
    await service_alone.post_revoke("dwr_malformed")
    assert len(rows_of(service_alone)) == before


async def test_a_change_that_cannot_be_recorded_is_not_made_and_not_reported(
    service_alone: Service, logs: Logs
) -> None:
    person, first = await service_alone.register_and_log_in()
    second = await service_alone.refresh(first.refresh)
    service_alone.sql("ALTER TABLE audit_events ADD CONSTRAINT refused CHECK (id < 0) NOT VALID")
    before = len(logs.lines())
    body = {"email": "other@example.com", "username": "other", "password": person.password}
    answers = [
        await service_alone.client.post("/api/v1/auth/register", json=body),
        await service_alone.post_token(person.username, person.password),
        await service_alone.post_refresh(first.refresh),
        await service_alone.post_revoke(second.refresh),
    ]
    assert [answer.status_code for answer in answers] == [503] * 4
    assert service_alone.sql("SELECT count(*) FROM users") == [{"count": 1}]
    (session,) = service_alone.sessions_of(person)
    assert (await service_alone.get_me(first.access)).status_code == 200
    assert session["ended_at"] is None
    reported = {line["event"] for line in logs.lines()[before:]}
    assert reported <= {"database.unavailable", "http.request", "auth.registration.refused"}


@pytest.mark.parametrize("change", ["login", "logout", "reuse"])
async def test_a_change_is_recorded_after_those_of_the_same_user_that_are_in_progress(
    service_alone: Service, change: str
) -> None:
    person, first = await service_alone.register_and_log_in()
    second = await service_alone.refresh(first.refresh)
    async with await AsyncConnection.connect(service_alone.database_url) as other:
        await other.execute("SELECT FROM users WHERE id = %s FOR NO KEY UPDATE", [person.id])
        calls = {
            "login": service_alone.post_token(person.username, person.password),
            "logout": service_alone.post_revoke(second.refresh),
            "reuse": service_alone.post_refresh(first.refresh),
        }
        answer = asyncio.create_task(calls.pop(change))
        for unused in calls.values():
            unused.close()
        async with asyncio.timeout(BOUND_SECONDS):
            await service_alone.locks_are_waited_for(1)
        await record(other, UserDeactivated(user_id=UUID(person.id), count=0))
        await other.commit()
    await answer
    types = [row["type"] for row in rows_of(service_alone)]
    assert types[:3] == ["user.registered", "session.begun", "user.deactivated"]
    assert (
        types[3:]
        == {
            "login": ["session.begun"],
            "logout": ["session.ended"],
            "reuse": ["session.reuse_detected", "session.ended"],
        }[change]
    )
