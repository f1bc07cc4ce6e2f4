"""Administrators read, create and change users, within their rights and with version checks."""

import asyncio
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from development.client import PASSWORD, Person
from tests.integration.accounts.own_account import Owner, is_dead
from tests.integration.administration.administrator import USERS, give, signed_in_with, stored, trail, user
from tests.integration.mailbox import next_mail, token_in
from tests.integration.service import Service, is_problem, mark, statuses


async def test_a_user_is_returned_with_its_version_and_without_secrets(admin: Owner, service: Service) -> None:
    person = await service.register()
    answer = await admin.call("GET", user(person))
    body = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    assert {name: body[name] for name in ("id", "email", "username", "status", "roles", "email_verified")} == {
        "id": person.id,
        "email": person.email,
        "username": person.username,
        "status": "active",
        "roles": [],
        "email_verified": False,
    }
    assert body["has_password"] is True
    assert "hash" not in answer.text.replace("has_password", "")
    assert (await admin.call("GET", user(person), headers={"If-None-Match": '"1"'})).status_code == 304
    assert is_problem(await admin.call("GET", user(person), headers={"If-Match": '"2"'}), 412, "stale_user")
    unknown = await admin.call("GET", f"{USERS}/{uuid4()}")
    assert is_problem(unknown, 404, "user_not_found")


async def test_white_space_around_the_names_of_a_created_user_is_trimmed(admin: Owner) -> None:
    word = mark()
    body = {"email": f"\u00a0{word}@example.com \u200b", "username": f" {word}\u2060\n", "password": PASSWORD}
    created = (await admin.call("POST", USERS, json=body)).json()
    assert (created["email"], created["username"]) == (f"{word}@example.com", word)


async def test_a_created_user_logs_in_and_has_the_roles(admin: Owner, service: Service) -> None:
    word = mark()
    body = {
        "email": f"{word}@example.com",
        "username": word,
        "password": PASSWORD,
        "roles": ["auditor"],
        "locale": "de",
        "external_id": word,
    }
    answer = await admin.call("POST", USERS, json=body)
    assert answer.status_code == 201, answer.text
    created = answer.json()
    assert answer.headers["location"] == f"{USERS}/{created['id']}"
    assert (created["roles"], created["locale"], created["external_id"]) == (["auditor"], "de", word)
    assert (await service.post_token(word, PASSWORD)).status_code == 200
    rows = trail(service, Person(created["id"], "", "", ""))
    assert [row for row in rows if row[1] == admin.person.id] == [
        ("user.registered", admin.person.id),
        ("user.roles_changed", admin.person.id),
        ("user.changed", admin.person.id),
        ("user.changed", admin.person.id),
    ]


async def test_a_user_without_a_password_is_invited_and_not_stored_before_accepting(mailing: Service) -> None:
    admin, email = await signed_in_with(mailing, "admin"), f"{mark()}@example.com"
    answer = await admin.call("POST", USERS, json={"email": email, "username": "ignored", "roles": ["support"]})
    assert (answer.status_code, answer.json()["email"], answer.json()["roles"]) == (202, email, ["support"])
    assert mailing.sql("SELECT 1 FROM users WHERE email_key = %s", email) == []
    assert token_in(await next_mail(mailing, email, "invited"))


async def test_values_that_sign_up_refuses_are_refused(admin: Owner, service: Service) -> None:
    taken = await service.register()
    word = mark()
    right = {"email": f"{word}@example.com", "username": word, "password": PASSWORD}
    wrong: list[tuple[dict[str, object], int, str]] = [
        ({"email": taken.email.upper()}, 409, "email_taken"),
        ({"username": taken.username.upper()}, 409, "username_taken"),
        ({"email": "no address"}, 422, "invalid_email"),
        ({"username": "-"}, 422, "invalid_username"),
        ({"username": "admin"}, 422, "username_reserved"),
        ({"password": "password1"}, 422, "password_too_common"),
        ({"roles": ["no-such-role"]}, 422, "unknown_role"),
        ({"roles": ["\x00"]}, 422, "unknown_role"),
        ({"roles": [f"role-{number}" for number in range(21)]}, 422, "too_many_roles_of_user"),
        ({"locale": "not a tag"}, 422, "invalid_locale"),
        ({"external_id": "a\x00b"}, 422, "invalid_external_id"),
        ({"external_id": " "}, 422, "invalid_external_id"),
        ({"external_id": "x" * 256}, 422, "invalid_external_id"),
        ({"username": None}, 422, "invalid_request"),
        ({"is_active": False}, 422, "invalid_request"),
        ({"password": None, "locale": "de"}, 422, "invalid_request"),
    ]
    for change, status, code in wrong:
        assert is_problem(await admin.call("POST", USERS, json={**right, **change}), status, code), change
    assert service.sql("SELECT 1 FROM users WHERE username = %s", word) == []


async def test_only_the_named_fields_change_and_only_at_the_named_version(admin: Owner, service: Service) -> None:
    person, word = await service.register(), mark()
    changed = await admin.call(
        "PATCH", user(person), json={"username": word, "locale": "pt-BR"}, headers={"If-Match": '"1"'}
    )
    assert changed.status_code == 200, changed.text
    body = changed.json()
    assert (body["username"], body["locale"], body["email"]) == (word, "pt-BR", person.email)
    stale = await admin.call("PATCH", user(person), json={"locale": None}, headers={"If-Match": '"1"'})
    assert is_problem(stale, 412, "stale_user")
    cleared = await admin.call("PATCH", user(person), json={"locale": None})
    assert (cleared.json()["locale"], cleared.json()["username"]) == (None, word)
    assert (await service.post_token(word, person.password)).status_code == 200
    unchanged = await admin.call("PATCH", user(person), json={"username": word, "email": person.email, "roles": []})
    assert unchanged.json()["version"] == cleared.json()["version"]
    assert is_problem(await admin.call("PATCH", user(person), json={"username": None}), 422, "invalid_request")


async def test_a_new_address_is_unverified_ends_sessions_and_is_reported_to_the_old_one(mailing: Service) -> None:
    admin = await signed_in_with(mailing, "admin")
    person, pair = await mailing.register_and_log_in()
    await mailing.write("UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)
    email = f"{mark()}@example.com"
    answer = await admin.call("PATCH", user(person), json={"email": email})
    assert (answer.status_code, answer.json()["email"], answer.json()["email_verified"]) == (200, email, False)
    assert await is_dead(mailing, pair)
    assert await next_mail(mailing, person.email, "address was changed")
    assert token_in(await next_mail(mailing, email, "Confirm your e-mail address"))
    other = await mailing.register()
    assert is_problem(await admin.call("PATCH", user(other), json={"email": email.upper()}), 409, "email_taken")


async def test_of_concurrent_changes_to_one_external_id_one_succeeds(admin: Owner, service: Service) -> None:
    people, word = [await service.register() for _ in range(4)], mark()
    calls = [admin.call("PATCH", user(person), json={"external_id": word}) for person in people]
    answers = await asyncio.gather(*calls)
    assert statuses(answers) == [200, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "external_id_taken"}


async def test_granting_and_changing_beyond_the_own_scopes_is_refused(admin: Owner, service: Service) -> None:
    word = f"r-{mark()[:10]}"
    body = {"name": word, "scopes": ["admin:users:read", "admin:users:write"]}
    assert (await admin.call("POST", "/api/v1/admin/roles", json=body)).status_code == 201
    writer, target = await signed_in_with(service, word), await service.register()
    granting: tuple[dict[str, object], ...] = (
        {"roles": ["admin"]},
        {"roles": ["auditor"]},
        {"roles": [word, "support"]},
    )
    for changes in granting:
        refused = await writer.call("PATCH", user(target), json=changes)
        assert is_problem(refused, 403, "beyond_own_scopes"), changes
    assert (await writer.call("PATCH", user(target), json={"roles": [word]})).json()["roles"] == [word]
    await give(service, target, "auditor")
    touching: tuple[dict[str, object], ...] = (
        {"roles": []},
        {"username": mark()},
        {"email": f"{mark()}@example.com"},
        {"locale": "de"},
        {},
    )
    for changes in touching:
        refused = await writer.call("PATCH", user(target), json=changes)
        assert is_problem(refused, 403, "beyond_own_scopes"), changes
    new = {"email": f"{mark()}@example.com", "username": mark(), "password": PASSWORD, "roles": ["admin"]}
    assert is_problem(await writer.call("POST", USERS, json=new), 403, "beyond_own_scopes")
    assert stored(service, target)["roles"] == ["auditor"]
    # The own account cannot be used for it either.
    assert is_problem(
        await writer.call("PATCH", user(writer.person), json={"roles": ["admin"]}), 403, "beyond_own_scopes"
    )


async def test_a_granted_role_takes_effect_at_once_and_the_last_administrator_keeps_it(service_alone: Service) -> None:
    admin = await signed_in_with(service_alone, "admin")
    refused = await admin.call("PATCH", user(admin.person), json={"roles": []})
    assert is_problem(refused, 409, "last_admin")
    other = await signed_in_with(service_alone)
    assert is_problem(await other.call("GET", USERS), 403, "insufficient_scope")
    assert (await admin.call("PATCH", user(other.person), json={"roles": ["admin"]})).status_code == 200
    assert (await other.call("PATCH", user(admin.person), json={"roles": ["support"]})).status_code == 200
    assert is_problem(await admin.call("PATCH", user(other.person), json={"roles": []}), 403, "insufficient_scope")


async def test_of_two_administrators_deactivating_each_other_exactly_one_succeeds(
    service_alone: Service,
) -> None:
    for _ in range(5):
        one, two = await signed_in_with(service_alone, "admin"), await signed_in_with(service_alone, "admin")
        service_alone.sql("UPDATE users SET roles = '{}' WHERE id <> ALL(%s)", [one.person.id, two.person.id])
        answers = await asyncio.gather(
            one.call("POST", user(two.person, "deactivate")), two.call("POST", user(one.person, "deactivate"))
        )
        assert statuses(answers) == [204, 401]


@pytest.mark.parametrize("odd", ["not-an-id", "00000000-0000-0000-0000", "%00"])
async def test_an_invalid_user_id_is_not_found(admin: Owner, odd: str) -> None:
    assert (await admin.call("GET", f"{USERS}/{odd}")).status_code == 404


async def test_a_change_by_an_administrator_demoted_meanwhile_is_refused(service_alone: Service) -> None:
    """The rights are checked again when the change is made, not only when the caller is authenticated."""

    admin, target = await signed_in_with(service_alone, "admin"), await service_alone.register()
    await signed_in_with(service_alone, "admin")
    async with await psycopg.AsyncConnection.connect(service_alone.database_url) as holder:
        await holder.execute("UPDATE users SET roles = '{}' WHERE id = %s", [admin.person.id])
        call: Any = asyncio.create_task(admin.call("PATCH", user(target), json={"roles": ["admin"]}))
        await service_alone.locks_are_waited_for(1)
    assert is_problem(await call, 403, "beyond_own_scopes")
    assert stored(service_alone, target)["roles"] == []
