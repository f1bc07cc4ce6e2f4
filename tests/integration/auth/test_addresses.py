"""E-mail addresses: shown as they were typed, unique and found in every spelling, also beside version 0.1."""

import asyncio
import unicodedata

import pytest

from tests.integration.service import PASSWORD, REGISTER, Service, is_problem, mark, pair

REGISTER_AS_VERSION_0_1 = """
    INSERT INTO users (id, email, username, username_key, password_hash, is_active)
    VALUES (gen_random_uuid(), %s, %s, %s, %s, true)
    ON CONFLICT DO NOTHING
    RETURNING id
"""
LOOK_UP_AS_VERSION_0_1 = """
    SELECT id AS user_id, password_hash, is_active
    FROM users
    WHERE email = %s OR username_key = %s
"""


async def _register(service: Service, email: str) -> dict[str, object]:
    body = {"email": email, "username": mark(), "password": PASSWORD}
    answer = await service.client.post(REGISTER, json=body)
    assert answer.status_code == 201, answer.text
    account: dict[str, object] = answer.json()
    return account


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("{}.Stra\u00dfe@Example.COM", "{}.Stra\u00dfe@example.com"),
        ("{}.O\u2019Brien@example.com", "{}.O\u2019Brien@example.com"),
        ("{}.Ada.Lovelace+Lists@example.com", "{}.Ada.Lovelace+Lists@example.com"),
        ("{}.\u0130I\u0131i@B\u00dcCHER.example.com", "{}.\u0130I\u0131i@b\u00fccher.example.com"),
        ("{}.\uff21\uff44\uff41\uff20example.com", "{}.Ada@example.com"),
    ],
    ids=["sharp s", "apostrophe", "case and sub-address", "Turkish letters", "full width"],
)
async def test_an_address_is_shown_as_it_was_typed_and_found_in_any_case(
    service: Service, typed: str, shown: str
) -> None:
    local = mark()
    account = await _register(service, typed.format(local))
    assert account["email"] == shown.format(local)
    for spelling in (typed.format(local), shown.format(local), unicodedata.normalize("NFD", typed.format(local))):
        tokens = pair(await service.post_token(spelling, PASSWORD))
        assert (await service.get_me(tokens.access)).json() == account


async def test_two_addresses_with_one_key_are_one_account(service: Service) -> None:
    local = mark()
    await _register(service, f"{local}.Stra\u00dfe@example.com")
    other = {"email": f"{local}.STRASSE@example.com", "username": mark(), "password": PASSWORD}
    assert is_problem(await service.client.post(REGISTER, json=other), 409, "email_taken")


async def test_an_account_of_version_0_1_keeps_its_stored_form_and_logs_in(service: Service) -> None:
    name = mark()
    password_hash = await service.app.state.login._hasher.hash(PASSWORD)  # noqa: SLF001 - as version 0.1 stores it
    assert service.sql(REGISTER_AS_VERSION_0_1, f"{name}@example.com", name, name, password_hash)
    for spelling in (f"{name}@example.com", f"{name.upper()}@Example.com"):
        tokens = pair(await service.post_token(spelling, PASSWORD))
        assert (await service.get_me(tokens.access)).json()["email"] == f"{name}@example.com"
    taken = {"email": f"{name.upper()}@example.com", "username": mark(), "password": PASSWORD}
    assert is_problem(await service.client.post(REGISTER, json=taken), 409, "email_taken")


async def test_version_0_1_finds_the_accounts_of_this_one_and_takes_none_of_their_addresses(service: Service) -> None:
    local = mark()
    account = await _register(service, f"{local.upper()}.Stra\u00dfe@example.com")
    key = f"{local}.strasse@example.com"
    (found,) = service.sql(LOOK_UP_AS_VERSION_0_1, key, key)
    assert str(found["user_id"]) == account["id"]
    assert service.sql(REGISTER_AS_VERSION_0_1, key, mark(), mark(), "!") == []


async def test_of_registrations_by_both_versions_at_once_exactly_one_succeeds(service: Service) -> None:
    local, usernames = mark(), [mark() for _ in range(12)]
    bodies = [
        {"email": f"{local.upper() if number % 2 else local}@example.com", "username": name, "password": PASSWORD}
        for number, name in enumerate(usernames)
    ]
    by_this = [service.client.post(REGISTER, json=body) for body in bodies]
    by_0_1 = [
        asyncio.to_thread(service.sql, REGISTER_AS_VERSION_0_1, f"{local}@example.com", name, name, "!")
        for name in (mark() for _ in range(12))
    ]
    answers, rows = await asyncio.gather(asyncio.gather(*by_this), asyncio.gather(*by_0_1))
    assert sum(answer.status_code == 201 for answer in answers) + sum(bool(row) for row in rows) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
