"""Sign-ins to applications at two copies of the service, in short; `inv prove --only races` races on."""

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
async def test_of_fifty_uses_at_once_one_succeeds(races: SignInRaces, uses: str) -> None:
    assert await races.all()[uses]() == []


async def test_of_tabs_that_agree_at_once_to_one_pushed_request_one_gets_a_code(races: SignInRaces) -> None:
    for _ in range(2 * ROUNDS):
        assert await races.one_pushed_request() == []


async def test_what_ends_while_a_code_is_on_its_way_leaves_nothing_that_works(races: SignInRaces) -> None:
    for name, play in races.all().items():
        if "against" in name:
            for _ in range(ROUNDS):
                assert await play() == [], name
