"""E-mail addresses are shown as typed, and are unique in every spelling."""

import unicodedata

import pytest

from development.client import PASSWORD, REGISTER, pair
from tests.integration.service import Service, is_problem, mark


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
async def test_an_address_is_shown_as_typed_and_found_in_any_case(service: Service, typed: str, shown: str) -> None:
    local = mark()
    account = await _register(service, typed.format(local))
    assert account["email"] == shown.format(local)
    for spelling in (typed.format(local), shown.format(local), unicodedata.normalize("NFD", typed.format(local))):
        tokens = pair(await service.post_token(spelling, PASSWORD))
        assert (await service.get_me(tokens.access)).json() == account


async def test_a_second_address_with_the_same_key_is_refused(service: Service) -> None:
    local = mark()
    await _register(service, f"{local}.Stra\u00dfe@example.com")
    other = {"email": f"{local}.STRASSE@example.com", "username": mark(), "password": PASSWORD}
    assert is_problem(await service.client.post(REGISTER, json=other), 409, "email_taken")
