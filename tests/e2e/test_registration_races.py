"""One name, claimed by many at once in different spellings."""

import random
from collections import Counter
from functools import partial

import requests

from tests.e2e.people import REGISTER, Client, Person, all_at_once
from tests.e2e.stack import Stack

CLAIMANTS = 48
FULL_WIDTH_OFFSET = 0xFEE0
"""From an ASCII character to its full-width double, which NFKC folds back."""


def respelled(name: str) -> str:
    """Choose anew, for each letter, its case and its width."""
    return "".join(
        random.choice(
            [each, each.upper(), chr(ord(each) + FULL_WIDTH_OFFSET), chr(ord(each.upper()) + FULL_WIDTH_OFFSET)]
        )
        for each in name
    )


def claim(client: Client, name: str, email: str) -> requests.Response:
    body = {"email": email, "username": name, "password": Person().password}
    return client.call("POST", REGISTER, json=body)


def test_of_forty_eight_spellings_of_one_user_name_one_gets_it(client: Client, stack: Stack) -> None:
    name = Person().username
    spellings = {respelled(name) for _ in range(CLAIMANTS)}
    assert len(spellings) == CLAIMANTS
    answers = all_at_once([partial(claim, client, each, Person().email) for each in spellings])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: CLAIMANTS - 1}
    assert {answer.json()["code"] for answer in answers if not answer.ok} == {"username_taken"}
    assert stack.sql(f"SELECT count(*) FROM users WHERE lower(username) = '{name}'") == "1"


def test_of_forty_eight_spellings_of_one_e_mail_address_one_gets_it(client: Client, stack: Stack) -> None:
    name = Person().username
    spellings = {f"{respelled(name)}@{random.choice(['example.com', 'EXAMPLE.com'])}" for _ in range(CLAIMANTS)}
    answers = all_at_once([partial(claim, client, Person().username, each) for each in spellings])
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: len(spellings) - 1}
    assert {answer.json()["code"] for answer in answers if not answer.ok} == {"email_taken"}
    assert stack.sql(f"SELECT count(*) FROM users WHERE email_key = '{name}@example.com'") == "1"
