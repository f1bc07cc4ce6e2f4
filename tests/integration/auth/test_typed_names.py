"""User names, addresses and passwords as people type them, at sign-up and at login."""

import random

import pytest

from development.client import PASSWORD, REGISTER, pair
from doorward.domain.auth.passwords.policy import MAXIMUM_PASSWORD_LENGTH, MAXIMUM_TYPED_LENGTH, normalize_password
from doorward.domain.auth.users.accounts import Accounts
from tests.integration.service import MakeService, Service, is_problem, mark


async def test_white_space_around_names_is_trimmed_at_sign_up_and_at_login(service: Service) -> None:
    name = mark()
    body = {"email": f"\u00a0{name}@example.com \u200b", "username": f" {name}\u2060\n", "password": PASSWORD}
    answer = await service.client.post(REGISTER, json=body)
    assert answer.status_code == 201
    assert (answer.json()["email"], answer.json()["username"]) == (f"{name}@example.com", name)
    for typed in (f"{name} ", f" {name}\u00a0", f"\u200b{name}@example.com\u202f", f"\t{name}@EXAMPLE.com "):
        tokens = pair(await service.post_token(typed, PASSWORD))
        assert (await service.get_me(tokens.access)).json() == answer.json()


async def test_white_space_around_a_name_is_trimmed_when_an_operator_looks_it_up(service: Service) -> None:
    person, accounts = await service.register(), Accounts(database=service.database)
    for typed in (f" {person.username}\u00a0", f"\u200b{person.email.upper()} \n"):
        assert str((await accounts.get_user(typed)).id) == person.id


async def test_white_space_around_a_password_is_part_of_it(service: Service) -> None:
    person = await service.register(password=f" {PASSWORD} ")
    assert is_problem(await service.post_token(person.username, PASSWORD), 401, "invalid_credentials")
    assert (await service.post_token(person.username, f" {PASSWORD} ")).status_code == 200


async def test_the_longest_password_with_three_marks_on_each_letter_works(service: Service) -> None:
    letters, breathings, accents = "\u03b1\u03b7\u03c9\u0391\u0397\u03a9", "\u0313\u0314", "\u0300\u0301\u0342"
    pick = random.Random(7).choice
    typed = "".join(pick(letters) + pick(breathings) + pick(accents) + "\u0345" for _ in range(MAXIMUM_PASSWORD_LENGTH))
    assert (len(typed), len(normalize_password(typed))) == (MAXIMUM_TYPED_LENGTH, MAXIMUM_PASSWORD_LENGTH)
    person = await service.register(password=typed)
    tokens = await service.log_in(person)
    assert (await service.post_reauthenticate(tokens.access, typed)).status_code == 200
    assert is_problem(await service.post_token(person.username, typed[:-1]), 401, "invalid_credentials")


async def test_the_operator_decides_on_reserved_names_and_special_domains(make_service: MakeService) -> None:
    strict = await make_service(environment="production", bcrypt_rounds=10, reserved_usernames=("Acme-Support",))
    name = mark()
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    for change, code in [
        ({"username": "acmesupport"}, "username_reserved"),
        ({"email": f"{name}@nas"}, "invalid_email"),
    ]:
        assert is_problem(await strict.client.post(REGISTER, json=body | change), 422, code)
    relaxed = await make_service(environment="production", bcrypt_rounds=10, email_allow_special_domains=True)
    assert (await relaxed.client.post(REGISTER, json=body | {"email": f"{name}@nas"})).status_code == 201
    assert (await strict.post_token(f"{name}@nas", PASSWORD)).status_code == 200


async def test_development_accepts_addresses_of_special_domains(service: Service) -> None:
    name = mark()
    body = {"email": f"{name}@doorward.test", "username": name, "password": PASSWORD}
    assert (await service.client.post(REGISTER, json=body)).status_code == 201


@pytest.mark.parametrize(
    ("username", "email", "password"),
    [
        ("admin", "a" * 65 + "@example.com", "Summer2024!"),
        ("-dash", "dash@nas.local", " " * 10),
        ("root.", "root@localhost", "Passw0rd!"),
    ],
)
async def test_an_account_that_violates_current_rules_still_logs_in(
    service: Service, username: str, email: str, password: str
) -> None:
    person = await service.register(password="correct horse " + mark())
    update = "UPDATE users SET username = %s, username_key = %s, email_key = %s, email = %s WHERE id = %s"
    service.sql(update, username, username, email, email, person.id)
    for name in (username, email):
        assert (await service.post_token(name, person.password)).status_code == 200
    body = {"email": email, "username": username, "password": password}
    assert (await service.client.post(REGISTER, json=body)).status_code == 422
