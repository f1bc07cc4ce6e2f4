"""Two copies of the service under load: keys rotate without refused calls, and both refuse a revoked key."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from development.client import Pair
from doorward.wiring.keys import create_key_changes
from tests.integration.administration.administrator import signed_in_with
from tests.integration.keys.copies import KEYS, SOON, kid_of, make_copy, published
from tests.integration.quick_ring import QuickKeyMaker
from tests.integration.service import FakeClock, MakeService, Service, is_problem

USERS = 3
CALLS = 24
INTERVALS = 4
"""Number of rereads of the keys between two changes."""


class Load:
    """Users that call one copy with tokens that the other has signed, and refresh at times, until cancelled."""

    def __init__(self, copies: list[Service]) -> None:
        self.copies = copies
        self.refused: list[tuple[int, str]] = []
        self.kids: set[str] = set()
        self.calls = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        pairs = [(await self.copies[0].register_and_log_in())[1] for _ in range(USERS)]
        users = [asyncio.create_task(self._use(pair, number)) for number, pair in enumerate(pairs)]
        try:
            yield
        finally:
            for user in users:
                user.cancel()
            await asyncio.gather(*users, return_exceptions=True)

    async def _use(self, pair: Pair, number: int) -> None:
        for turn in itertools.count(number):
            signer, verifier = self.copies[turn % 2], self.copies[(turn + 1) % 2]
            for copy in (verifier, signer):
                answer = await copy.get_me(pair.access)
                self._note(answer.status_code, answer.text)
            if turn % 3 == 0:
                refreshed = await signer.post_refresh(pair.refresh)
                self._note(refreshed.status_code, refreshed.text)
                body = refreshed.json()
                pair = Pair(body["access_token"], body["refresh_token"])
                self.kids.add(kid_of(pair.access))

    def _note(self, status: int, text: str) -> None:
        self.calls += 1
        if status != 200:
            self.refused.append((status, text))

    async def run_until_reread(self) -> None:
        """Return after many calls and a reread of the keys by both copies."""
        calls = self.calls
        await asyncio.sleep(INTERVALS * SOON.reread)
        while self.calls < calls + CALLS and not self.refused:  # noqa: ASYNC110 - other tasks call
            await asyncio.sleep(0.01)


async def test_keys_rotate_under_load_without_refused_calls(
    make_service: MakeService, own_database: str, clock: FakeClock
) -> None:
    """Rotate at once, rotate by the schedule, and continue until the first keys are removed."""
    copies = [await make_copy(make_service, own_database, access_token_expire_minutes=1440) for _ in range(2)]
    admin = await signed_in_with(copies[0], "admin")
    changes = create_key_changes(copies[0].settings, copies[0].database, clock, maker=QuickKeyMaker())
    load = Load(copies)
    async with load.running():
        await load.run_until_reread()
        for _ in range(2):
            assert (await admin.call("POST", f"{KEYS}/rotate", json={"at_once": True})).status_code == 200
            await load.run_until_reread()
        first_three = set(load.kids)
        assert len(first_three) == 3
        assert (await admin.call("POST", f"{KEYS}/rotate", json={})).status_code == 200
        await load.run_until_reread()
        assert load.kids == first_three
        # A token is valid for a day: users refresh in time as the clock advances.
        for hours in (12, 11.99, 0.02, 12, 14):
            clock.advance(timedelta(hours=hours))
            await load.run_until_reread()
            await changes.maintain()
    assert load.refused == []
    assert len(load.kids) == 4
    for copy in copies:
        assert not first_three & set(await published(copy))
        assert load.kids - first_three <= set(await published(copy))


async def test_both_copies_refuse_a_revoked_key_even_if_its_tokens_are_cached(
    make_service: MakeService, own_database: str
) -> None:
    """With the default intervals this takes at most 8 seconds and the time of a query."""
    copies = [await make_copy(make_service, own_database) for _ in range(2)]
    admin = await signed_in_with(copies[0], "admin")
    _, pair = await copies[1].register_and_log_in()
    for copy in copies:
        assert (await copy.get_me(pair.access)).status_code == 200
    revoked = kid_of(pair.access)
    assert (await admin.call("POST", f"{KEYS}/{revoked}/revoke")).status_code == 204
    assert is_problem(await copies[0].get_me(pair.access), 401, "invalid_access_token")
    await asyncio.sleep(INTERVALS * SOON.reread)
    async with asyncio.timeout(60):
        while (await copies[1].get_me(pair.access)).status_code == 200:  # noqa: ASYNC110 - another task reads the keys
            await asyncio.sleep(0.01)
    for copy in copies:
        assert is_problem(await copy.get_me(pair.access), 401, "invalid_access_token")
        assert revoked not in await published(copy)
    renewed = await copies[1].refresh(pair.refresh)
    assert kid_of(renewed.access) != revoked
    for copy in copies:
        assert (await copy.get_me(renewed.access)).status_code == 200


async def test_copies_that_start_concurrently_create_one_set_of_keys(
    make_service: MakeService, own_database: str
) -> None:
    copies = await asyncio.gather(*(make_copy(make_service, own_database) for _ in range(3)))
    sets = [set(await published(copy)) for copy in copies]
    assert sets[0] == sets[1] == sets[2]
    assert len(sets[0]) == 4
    tokens = [(await copy.register_and_log_in())[1].access for copy in copies]
    assert len({kid_of(token) for token in tokens}) == 1
    for copy, token in itertools.product(copies, tokens):
        assert (await copy.get_me(token)).status_code == 200
