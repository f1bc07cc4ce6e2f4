"""Concurrent sign-ins at two copies of the service, a short run; `inv prove --only races` runs longer."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from development.proof.races.sign_ins import SignInRaces
from development.proof.service import MAIL, proof_settings, running_service
from doorward.settings.config import settings_from
from tests.integration.service import MakeDatabase

ROUNDS = 2


@pytest.fixture(scope="module")
def races(make_database: MakeDatabase) -> Iterator[SignInRaces]:
    database_url = make_database(migrated=True)
    settings = proof_settings(database_url, **MAIL)
    with ExitStack() as stack:
        urls = [stack.enter_context(running_service(settings)) for _ in range(2)]
        yield SignInRaces(urls, settings_from({name.lower(): value for name, value in settings.items()}), database_url)


@pytest.mark.parametrize("uses", ["one code", "one device", "one proof of a key"])
async def test_one_of_fifty_concurrent_uses_succeeds(races: SignInRaces, uses: str) -> None:
    assert await races.all()[uses]() == []


async def test_one_of_several_concurrent_consents_to_a_pushed_request_gets_a_code(races: SignInRaces) -> None:
    for _ in range(2 * ROUNDS):
        assert await races.one_pushed_request() == []


async def test_a_code_exchanged_during_a_sign_out_or_revocation_leaves_no_valid_token(races: SignInRaces) -> None:
    for name, play in races.all().items():
        if "against" in name:
            for _ in range(ROUNDS):
                assert await play() == [], name
