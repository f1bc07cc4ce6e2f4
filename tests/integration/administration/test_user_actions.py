"""Actions that lock users out or restore access: effective at the next request, and in the audit log."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from development.client import Pair, Person
from doorward.domain.auth.login.throttling import LOGIN_CURVE, STRANGERS
from doorward.wiring.throttling import create_throttling
from tests.integration.accounts.leaving import erase_after_the_grace
from tests.integration.accounts.own_account import Owner, is_alive, is_dead
from tests.integration.administration.administrator import USERS, signed_in_with, stored, trail, user
from tests.integration.mailbox import next_mail, token_in
from tests.integration.service import Service, is_problem

NEW_PASSWORD = "four other random words"


async def act(actor: Owner, person: Person, *parts: str, method: str = "POST", **options: Any) -> None:
    answer = await actor.call(method, user(person, *parts), **options)
    assert answer.status_code == 204, answer.text
    assert answer.content == b""


async def two_sessions(service: Service) -> tuple[Person, list[Pair]]:
    person, pair = await service.register_and_log_in()
    return person, [pair, await service.log_in(person)]


async def test_a_deactivated_user_is_refused_at_once_and_logs_in_after_activation(
    admin: Owner, service: Service
) -> None:
    person, pairs = await two_sessions(service)
    await act(admin, person, "deactivate")
    assert (await admin.call("GET", user(person))).json()["status"] == "deactivated"
    assert [await is_dead(service, pair) for pair in pairs] == [True, True]
    assert is_problem(await service.post_login(person), 401, "invalid_credentials")
    await act(admin, person, "activate")
    assert [await is_dead(service, pair) for pair in pairs] == [True, True]
    assert await is_alive(service, await service.log_in(person))
    assert [row for row in trail(service, person) if row[1] == admin.person.id] == [
        ("user.deactivated", admin.person.id),
        ("user.activated", admin.person.id),
    ]


async def test_after_ending_all_sessions_the_user_can_log_in_again(admin: Owner, service: Service) -> None:
    person, pairs = await two_sessions(service)
    await act(admin, person, "sessions", "end")
    assert [await is_dead(service, pair) for pair in pairs] == [True, True]
    assert await is_alive(service, await service.log_in(person))
    (row,) = service.sql(
        "SELECT actor, data FROM audit_events WHERE user_id = %s AND type = 'session.all_ended'", person.id
    )
    assert (row["actor"], row["data"]) == (admin.person.id, {"reason": "operator", "count": 2, "which": "all"})


async def test_a_forced_reset_ends_sessions_mails_a_link_and_refuses_the_old_password(mailing: Service) -> None:
    admin = await signed_in_with(mailing, "support")
    person, pairs = await two_sessions(mailing)
    await act(admin, person, "password-reset")
    assert [await is_dead(mailing, pair) for pair in pairs] == [True, True]
    assert is_problem(await mailing.post_login(person), 403, "password_change_required")
    assert is_problem(await mailing.post_token(person.username, "not the password"), 401, "invalid_credentials")
    mail = await next_mail(mailing, person.email, "password")
    assert "does not sign in any more" in mail.content.text
    assert "stays as it is" not in mail.content.text + mail.content.html
    assert (await mailing.post_reset(token_in(mail), NEW_PASSWORD)).status_code == 204
    assert (await mailing.post_token(person.username, NEW_PASSWORD)).status_code == 200
    assert stored(mailing, person)["must_change_password"] is False
    assert ("user.password_reset_forced", admin.person.id) in trail(mailing, person)


async def test_a_reset_is_forced_only_for_active_users_who_can_get_its_mail(
    admin: Owner, service: Service, mailing: Service
) -> None:
    person, pair = await service.register_and_log_in()
    refused = await admin.call("POST", user(person, "password-reset"))
    assert is_problem(refused, 403, "mail_not_configured")
    assert await is_alive(service, pair)
    inactive, support = await mailing.register(), await signed_in_with(mailing, "admin")
    await act(support, inactive, "deactivate")
    refused = await support.call("POST", user(inactive, "password-reset"))
    assert is_problem(refused, 409, "user_not_active")
    assert stored(mailing, inactive)["must_change_password"] is False


async def test_the_link_of_a_forced_reset_is_invalid_after_deactivation(mailing: Service) -> None:
    admin = await signed_in_with(mailing, "admin")
    person = await mailing.register()
    await act(admin, person, "password-reset")
    token = token_in(await next_mail(mailing, person.email, "password"))
    await act(admin, person, "deactivate")
    assert is_problem(await mailing.post_reset(token, NEW_PASSWORD), 422, "invalid_token")


async def test_an_unthrottled_user_logs_in_at_once(admin: Owner, service: Service) -> None:
    person = await service.register()
    throttling = create_throttling(service.settings.keys, service.database)
    for _ in range(LOGIN_CURVE.free):
        await throttling.reserve(UUID(person.id), STRANGERS)
    bucket = throttling.bucket(UUID(person.id))
    service.sql("UPDATE login_throttles SET next_at = next_at + interval '1 hour' WHERE bucket = %s", bucket)
    assert (await service.post_login(person)).status_code == 429
    await act(admin, person, "unthrottle")
    assert (await service.post_login(person)).status_code == 200


async def test_a_deleted_user_is_refused_at_once_and_can_be_restored_during_the_grace_period(
    service_alone: Service,
) -> None:
    admin = await signed_in_with(service_alone, "admin")
    person, pair = await service_alone.register_and_log_in()
    await act(admin, person, method="DELETE")
    assert (await admin.call("GET", user(person))).json()["status"] == "deletion_pending"
    assert await is_dead(service_alone, pair)
    pending = await service_alone.post_login(person)
    assert is_problem(pending, 403, "deletion_pending")
    assert (await service_alone.post_restore(pending.json()["restore_token"])).status_code == 204
    await act(admin, person, method="DELETE")
    assert await erase_after_the_grace(service_alone) == 1
    assert service_alone.sql("SELECT 1 FROM users WHERE id = %s", person.id) == []


async def test_a_deactivated_user_cannot_cancel_a_deletion_by_logging_in(admin: Owner, service: Service) -> None:
    person = await service.register()
    await act(admin, person, "deactivate")
    await act(admin, person, method="DELETE")
    assert is_problem(await service.post_login(person), 401, "invalid_credentials")
    await act(admin, person, "activate")
    assert (await service.post_login(person)).status_code == 200


async def test_a_deletion_at_once_leaves_only_the_user_id_in_the_audit_trail(admin: Owner, service: Service) -> None:
    person, pair = await service.register_and_log_in()
    stale = await admin.call("DELETE", user(person), params={"now": "true"}, headers={"If-Match": '"9"'})
    assert is_problem(stale, 412, "stale_user")
    await act(admin, person, method="DELETE", params={"now": "true"}, headers={"If-Match": '"1"'})
    assert is_problem(await admin.call("GET", user(person)), 404, "user_not_found")
    assert await is_dead(service, pair)
    assert trail(service, person)[-1] == ("user.deleted", admin.person.id)
    rows = service.sql("SELECT personal, correlation_id FROM audit_events WHERE user_id = %s", person.id)
    assert {row["personal"] for row in rows} == {None}
    again = await admin.call("DELETE", user(person), params={"now": "true"})
    assert is_problem(again, 404, "user_not_found")


async def test_sessions_and_audit_trail_of_a_user_are_shown(admin: Owner, service: Service) -> None:
    person, _ = await two_sessions(service)
    sessions = (await admin.call("GET", user(person, "sessions"))).json()["sessions"]
    assert len(sessions) == 2
    assert set(sessions[0]) == {"id", "user_agent", "address", "created_at", "refreshed_at", "amr"}
    entries = (await admin.call("GET", user(person, "audit"))).json()["entries"]
    assert [each["type"] for each in entries] == ["session.begun", "session.begun", "user.registered"]
    filtered = (await admin.call("GET", user(person, "audit"), params={"type": "user.registered"})).json()
    assert [each["type"] for each in filtered["entries"]] == ["user.registered"]


@pytest.mark.parametrize(
    ("method", "part"),
    [
        ("POST", "deactivate"),
        ("POST", "activate"),
        ("POST", "sessions/end"),
        ("POST", "password-reset"),
        ("POST", "unthrottle"),
        ("GET", "sessions"),
        ("DELETE", ""),
        ("DELETE", "?now=true"),
    ],
)
async def test_an_unknown_user_id_is_not_found(admin: Owner, method: str, part: str) -> None:
    path = f"{USERS}/{uuid4()}" + (f"/{part}" if part and not part.startswith("?") else part)
    assert is_problem(await admin.call(method, path), 404, "user_not_found")
