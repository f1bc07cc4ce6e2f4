"""GET and PATCH /account."""

import asyncio
from datetime import timedelta

import pytest

from development.client import REGISTER
from tests.integration.accounts.own_account import ACCOUNT, Owner, signed_in
from tests.integration.service import FakeClock, Logs, Service, events, facts, is_problem, mark, statuses

AT_ONCE = 10


async def test_the_account_is_shown_to_its_owner(service: Service, owner: Owner) -> None:
    answer = await owner.call("GET", ACCOUNT)
    body = answer.json()
    (stored,) = service.sql("SELECT created_at FROM users WHERE id = %s", owner.person.id)
    assert body.pop("created_at").startswith(stored["created_at"].isoformat()[:19])
    assert body == {
        "id": owner.person.id,
        "email": owner.person.email,
        "email_verified": False,
        "email_bounced_at": None,
        "username": owner.person.username,
        "factors": [],
        "previous_login": None,
        "pending_email": None,
    }
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["cache-control"] == "no-store"


async def test_the_account_shows_whether_the_address_is_verified(service: Service, owner: Owner) -> None:
    service.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", owner.person.id)
    assert (await owner.account())["email_verified"] is True


async def test_the_account_shows_since_when_mails_to_its_address_bounce(service: Service, owner: Owner) -> None:
    service.sql("UPDATE users SET email_bounced_at = '2026-03-01 12:05:00Z' WHERE id = %s", owner.person.id)
    assert (await owner.account())["email_bounced_at"] == "2026-03-01T12:05:00Z"


async def test_a_pending_address_is_shown_until_it_expires(service: Service, owner: Owner, clock: FakeClock) -> None:
    service.sql(
        "INSERT INTO email_changes (user_id, email, email_key, created_at, expires_at) VALUES (%s, %s, %s, %s, %s)",
        *(owner.person.id, "New@example.com", "new@example.com", clock.present, clock.present + timedelta(minutes=1)),
    )
    assert (await owner.account())["pending_email"] == "New@example.com"
    clock.advance(timedelta(minutes=1))
    assert (await owner.account())["pending_email"] is None


async def test_the_previous_login_is_the_one_before_the_current_session(service: Service, clock: FakeClock) -> None:
    first = await signed_in(service)
    clock.advance(timedelta(minutes=10))
    second = Owner(service, first.person, await service.log_in(first.person))
    clock.advance(timedelta(minutes=10))
    third = Owner(service, first.person, await service.log_in(first.person))
    await service.post_revoke(second.pair.refresh)
    await signed_in(service)
    assert (await first.account())["previous_login"] is None
    assert (await third.account())["previous_login"] == "2026-03-01T12:10:00Z"


async def test_a_read_returns_a_pending_address_whatever_version_the_caller_has(service: Service, owner: Owner) -> None:
    etag = (await owner.call("GET", ACCOUNT)).headers["etag"]
    now = service.clock.now()
    service.sql(
        "INSERT INTO email_changes (user_id, email, email_key, created_at, expires_at) VALUES (%s, %s, %s, %s, %s)",
        owner.person.id,
        *("thief@example.com", "thief@example.com"),
        *(now, now + timedelta(hours=24)),
    )
    for known in (etag, "*"):
        read = await owner.call("GET", ACCOUNT, headers={"If-None-Match": known})
        assert (read.status_code, read.json()["pending_email"]) == (200, "thief@example.com")


async def test_a_read_requires_the_version_of_if_match(owner: Owner) -> None:
    assert (await owner.call("GET", ACCOUNT, headers={"If-Match": '"1"'})).status_code == 200
    assert is_problem(await owner.call("GET", ACCOUNT, headers={"If-Match": '"2"'}), 412, "stale_account")


async def test_the_username_is_changed_and_tokens_stay_valid(service: Service, owner: Owner) -> None:
    name = mark()
    answer = await owner.rename(name)
    assert answer.status_code == 200
    assert (answer.json()["username"], answer.headers["etag"]) == (name, '"2"')
    assert (await service.get_me(owner.pair.access)).json()["username"] == name
    assert (await service.post_token(name, owner.person.password)).status_code == 200
    assert is_problem(
        await service.post_token(owner.person.username, owner.person.password), 401, "invalid_credentials"
    )


async def test_the_previous_username_is_available_again(service: Service, owner: Owner) -> None:
    await owner.rename(mark())
    body = {"email": f"{mark()}@example.com", "username": owner.person.username, "password": owner.person.password}
    assert (await service.client.post(REGISTER, json=body)).status_code == 201


async def test_white_space_around_a_new_name_is_trimmed(owner: Owner) -> None:
    name = mark()
    assert (await owner.rename(f"\u200b {name}\u00a0\n")).json()["username"] == name


async def test_a_change_of_case_of_the_users_own_name_is_no_conflict(owner: Owner) -> None:
    assert (await owner.rename(owner.person.username.upper())).json()["username"] == owner.person.username.upper()


@pytest.mark.parametrize("spell", [str, str.upper])
async def test_a_taken_name_is_refused_in_any_case(service: Service, owner: Owner, spell: type[str]) -> None:
    other = await service.register()
    assert is_problem(await owner.rename(spell(other.username)), 409, "username_taken")
    assert (await owner.account())["username"] == owner.person.username


@pytest.mark.parametrize(
    ("username", "code"),
    [
        ("ab", "invalid_username"),
        ("-kite", "invalid_username"),
        ("ki te", "invalid_username"),
        ("k\u0456te", "invalid_username"),
        ("Ad.min", "username_reserved"),
        (None, "invalid_request"),
        (["kite"], "invalid_request"),
        ("k" * 1025, "invalid_request"),
    ],
)
async def test_a_new_username_follows_the_rules_of_sign_up(owner: Owner, username: object, code: str) -> None:
    assert is_problem(await owner.rename(username), 422, code)
    assert (await owner.account())["username"] == owner.person.username


async def test_other_members_cannot_be_changed(owner: Owner) -> None:
    for member in ("email", "id", "email_verified", "created_at", "roles"):
        assert is_problem(await owner.call("PATCH", ACCOUNT, json={member: "a"}), 422, "invalid_request")


@pytest.mark.parametrize("etag", ['"2"', 'W/"1"', "1", ""])
async def test_a_change_with_another_version_is_refused(owner: Owner, etag: str) -> None:
    assert is_problem(await owner.rename(mark(), etag), 412, "stale_account")
    assert (await owner.account())["username"] == owner.person.username


@pytest.mark.parametrize("etag", ['"1"', '"7", "1"', "*"])
async def test_a_change_with_the_current_version_succeeds(owner: Owner, etag: str) -> None:
    assert (await owner.rename(mark(), etag)).status_code == 200


@pytest.mark.parametrize("body", [{}, {"username": "own"}])
async def test_a_patch_that_changes_nothing_leaves_the_version(
    service: Service, owner: Owner, body: dict[str, str]
) -> None:
    given = {"username": owner.person.username} if body else {}
    merge_patch = {"Content-Type": "application/merge-patch+json"}
    answer = await owner.call("PATCH", ACCOUNT, json=given, headers=merge_patch)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    types = service.sql("SELECT type FROM audit_events WHERE user_id = %s", owner.person.id)
    assert "user.username_changed" not in {row["type"] for row in types}


async def test_exactly_one_of_several_concurrent_changes_to_one_name_succeeds(service: Service) -> None:
    owners = [await signed_in(service) for _ in range(AT_ONCE)]
    name = mark()
    answers = await asyncio.gather(
        *(each.rename(name.upper() if number % 2 else name) for number, each in enumerate(owners))
    )
    assert statuses(answers) == [200] + [409] * (AT_ONCE - 1)
    assert service.sql("SELECT count(*) FROM users WHERE username_key = %s", name) == [{"count": 1}]


async def test_either_a_change_or_a_concurrent_registration_gets_one_name(service: Service) -> None:
    for _ in range(3):
        owner, name = await signed_in(service), mark()
        body = {"email": f"{name}@example.com", "username": name, "password": owner.person.password}
        renamed, registered = await asyncio.gather(owner.rename(name), service.client.post(REGISTER, json=body))
        assert {renamed.status_code, registered.status_code} in ({200, 409}, {409, 201})
        assert service.sql("SELECT count(*) FROM users WHERE username_key = %s", name) == [{"count": 1}]


async def test_exactly_one_of_several_concurrent_changes_with_one_version_succeeds(owner: Owner) -> None:
    answers = await asyncio.gather(*(owner.rename(mark(), '"1"') for _ in range(AT_ONCE)))
    assert statuses(answers) == [200] + [412] * (AT_ONCE - 1)


async def test_the_change_is_recorded_without_the_name(service: Service, owner: Owner, logs: Logs) -> None:
    name = mark()
    await owner.rename(name)
    (recorded,) = service.sql(
        "SELECT data, personal FROM audit_events WHERE user_id = %s AND type = 'user.username_changed'", owner.person.id
    )
    assert recorded == {"data": {}, "personal": {"client": "203.0.113.7"}}
    (line,) = events(logs, "accounts.username.changed")
    assert facts(line, "outcome", "user_id") == ("success", owner.person.id)
    assert name not in logs.text()
