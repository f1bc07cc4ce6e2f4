"""One key set with a new event loop for each call, or with a loop that is paused between calls."""

import asyncio
import threading
from typing import Final

import pytest

from doorward_client.exceptions import FetchError
from doorward_client.key_sets import FetchedKeys, KeySet
from doorward_client.public_keys import PublicKeys
from tests.unit.client_library.issuer_server import Clock, in_loop_of_its_own, settle
from tests.unit.client_library.signing import elliptic_key, key_set

URI: Final = "https://accounts.example/oauth/jwks"
MINUTE: Final = 60


class SlowIssuer:
    """Respond after a network delay."""

    def __init__(self) -> None:
        self.body = key_set(elliptic_key("old"), elliptic_key("new"))
        self.begun = 0
        self.is_down = False

    async def fetch(self, _uri: str) -> FetchedKeys:
        self.begun += 1
        await asyncio.sleep(0.001)
        if self.is_down:
            raise FetchError("The issuer is down.")
        return FetchedKeys(self.body, "max-age=300")


async def used(keys: KeySet) -> PublicKeys:
    return keys.fresh_keys() or await keys.current_keys()


@pytest.mark.parametrize("seconds_between", [1, 6, 10, 250])
def test_with_a_loop_per_call_a_revoked_key_is_removed_with_few_fetches(seconds_between: int) -> None:
    clock, issuer = Clock(), SlowIssuer()
    keys = KeySet(URI, issuer.fetch, clock=clock)
    assert in_loop_of_its_own(lambda: used(keys)).find("old", "ES256")
    issuer.body = key_set(elliptic_key("new"))
    began_at = clock.seconds
    while clock.seconds < began_at + 15 * MINUTE:
        clock.seconds += seconds_between
        found = in_loop_of_its_own(lambda: used(keys))
        assert found.find("new", "ES256")
        assert clock.seconds - began_at < 5 * MINUTE or found.find("old", "ES256") is None
    assert issuer.begun <= 1 + 2 * 15 / 4, "one that is cancelled and one that is awaited, every four minutes"


def test_with_a_loop_per_call_keys_survive_an_outage_and_are_refreshed_after_it() -> None:
    clock, issuer = Clock(), SlowIssuer()
    keys = KeySet(URI, issuer.fetch, clock=clock)
    known = in_loop_of_its_own(lambda: used(keys))
    issuer.is_down = True
    for _ in range(6 * 20):
        clock.seconds += 10
        assert in_loop_of_its_own(lambda: used(keys)) is known
    issuer.is_down, issuer.body = False, key_set(elliptic_key("new"))
    clock.seconds += 10
    in_loop_of_its_own(lambda: used(keys))
    clock.seconds += 10
    assert in_loop_of_its_own(lambda: used(keys)).find("old", "ES256") is None


def test_with_a_loop_that_runs_only_during_calls_a_revoked_key_is_removed() -> None:
    """Its background fetches are paused between calls until they time out."""

    async def fetch(_uri: str) -> FetchedKeys:
        began_at = clock.seconds
        await asyncio.sleep(0.001)
        if clock.seconds > began_at + 2:
            raise FetchError("There was no answer within 2 s.")
        return FetchedKeys(body, "max-age=300")

    body = key_set(elliptic_key("old"))
    clock = Clock()
    keys = KeySet(URI, fetch, clock=clock)
    with asyncio.Runner() as runner:
        assert runner.run(used(keys)).find("old", "ES256")
        body = key_set(elliptic_key("new"))
        for _ in range(60):
            clock.seconds += 6
            found = runner.run(used(keys))
            # Network time passes between the calls.
            threading.Event().wait(0.002)
    assert found.find("old", "ES256") is None


def test_calls_that_give_up_early_are_delayed_at_most_once_in_five_seconds() -> None:
    async def fetch(uri: str) -> FetchedKeys:
        fetches.append(uri)
        if len(fetches) > 1:
            await asyncio.Event().wait()
        return FetchedKeys(key_set(elliptic_key()), "max-age=300")

    async def impatient() -> PublicKeys | None:
        call = asyncio.create_task(used(keys))
        await settle()
        return call.result() if call.done() else None

    fetches: list[str] = []
    clock = Clock()
    keys = KeySet(URI, fetch, clock=clock)
    known = in_loop_of_its_own(lambda: used(keys))
    clock.seconds += 6 * MINUTE
    answers = []
    for _ in range(60):
        answers.append(in_loop_of_its_own(impatient))
        clock.seconds += 1
    assert answers.count(None) == 12
    assert answers.count(known) == 48
