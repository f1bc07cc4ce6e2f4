"""The cache of an issuer's keys: its fetches, its lifetime, and its behaviour during an outage."""

import asyncio
from typing import Final

import pytest

from doorward_client.exceptions import FetchError, KeysUnavailableError
from doorward_client.key_sets import FETCH_TIMEOUT_SECONDS, KeySet
from tests.unit.client_library.issuer_server import Clock, KeyServer, settle
from tests.unit.client_library.signing import edwards_jwk, elliptic_key, key_set, rsa_key

URI: Final = "https://accounts.example/oauth/jwks"
MINUTE: Final = 60
DAY: Final = 86400


def cache(server: KeyServer, clock: Clock) -> KeySet:
    return KeySet(URI, server.fetch, clock=clock)


async def test_nothing_is_fetched_before_the_first_token() -> None:
    server = KeyServer()
    keys = cache(server, Clock())
    await settle()
    assert keys.fresh_keys() is None
    assert server.fetches == []
    assert (await keys.current_keys()).find("elliptic", "ES256")
    assert server.fetches == [URI]


async def test_concurrent_calls_share_one_fetch() -> None:
    server = KeyServer()
    keys = cache(server, Clock())
    server.may_answer.clear()
    calls = [asyncio.create_task(keys.current_keys()) for _ in range(50)]
    await settle()
    server.may_answer.set()
    assert len({id(found) for found in await asyncio.gather(*calls)}) == 1
    assert len(server.fetches) == 1


async def test_a_cancelled_call_cancels_no_other() -> None:
    server = KeyServer()
    keys = cache(server, Clock())
    server.may_answer.clear()
    first, second = (asyncio.create_task(keys.current_keys()) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    server.may_answer.set()
    assert await second
    assert first.cancelled()


async def test_a_fetch_that_never_ends_is_replaced_after_its_timeout() -> None:
    server, clock = KeyServer(), Clock()
    keys = cache(server, clock)
    server.may_answer.clear()
    lost = asyncio.create_task(keys.current_keys())
    await settle()
    clock.seconds += FETCH_TIMEOUT_SECONDS
    next_call = asyncio.create_task(keys.current_keys())
    await settle()
    assert len(server.fetches) == 2
    server.may_answer.set()
    assert await next_call is await lost


@pytest.mark.parametrize(
    ("cache_control", "minutes"),
    [
        ("public, max-age=300", 5),
        ("max-age=1", 5),
        ("no-store", 5),
        ("", 5),
        ("max-age=banana", 5),
        ("max-age=-1", 5),
        ("s-max-age=3600", 5),
        ("max-age=1200, must-revalidate", 20),
        ("Public,Max-Age=1200", 20),
        ("max-age=999999999", 60),
        ("max-age=99999999999999999999", 5),
    ],
)
async def test_the_lifetime_of_keys_is_max_age_but_at_least_five_minutes_and_at_most_an_hour(
    cache_control: str, minutes: int
) -> None:
    server, clock = KeyServer(), Clock()
    server.cache_control = cache_control
    keys = cache(server, clock)
    await keys.current_keys()
    server.body = key_set(rsa_key())
    clock.seconds += minutes * MINUTE * 0.79
    assert keys.fresh_keys()
    clock.seconds += minutes * MINUTE * 0.2
    assert (await keys.current_keys()).find("elliptic", "ES256")
    await settle()
    assert len(server.fetches) == 2
    clock.seconds += minutes * MINUTE * 0.02
    assert (await keys.current_keys()).find("rsa", "RS256")


async def test_keys_are_refreshed_in_the_background_before_they_expire() -> None:
    server, clock = KeyServer(), Clock()
    keys = cache(server, clock)
    known = await keys.current_keys()
    server.may_answer.clear()
    clock.seconds += 4.5 * MINUTE
    for _ in range(20):
        assert await keys.current_keys() is known
    await settle()
    assert len(server.fetches) == 2
    server.may_answer.set()
    await settle()
    clock.seconds += 3 * MINUTE
    assert keys.fresh_keys() is known, "the same keys stay the same object"


async def test_expired_keys_are_not_used_while_the_issuer_is_reachable() -> None:
    server, clock = KeyServer(), Clock()
    keys = cache(server, clock)
    await keys.current_keys()
    server.body = key_set(elliptic_key("successor"))
    clock.seconds += 3 * 60 * MINUTE
    found = await keys.current_keys()
    assert found.find("elliptic", "ES256") is None
    assert found.find("successor", "ES256")


async def test_keys_stay_cached_for_a_day_while_the_issuer_is_down() -> None:
    server, clock = KeyServer(), Clock()
    keys = cache(server, clock)
    known = await keys.current_keys()
    server.is_down = True
    clock.seconds += 5 * MINUTE
    assert await keys.current_keys() is known
    clock.seconds += DAY - 1
    assert await keys.current_keys() is known
    await settle()
    clock.seconds += 1
    with pytest.raises(KeysUnavailableError):
        await keys.current_keys()


async def test_during_an_outage_a_fetch_begins_every_five_seconds_and_no_call_waits() -> None:
    server, clock = KeyServer(), Clock()
    keys = cache(server, clock)
    await keys.current_keys()
    server.is_down = True
    clock.seconds += 5 * MINUTE
    await keys.current_keys()
    server.may_answer.clear()
    for _ in range(10):
        clock.seconds += 1
        call = asyncio.create_task(keys.current_keys())
        await settle()
        assert call.done()
    assert len(server.fetches) == 3, "the first, one that failed, and one that is pending"
    server.is_down = False
    server.may_answer.set()
    await settle()
    assert keys.fresh_keys()


async def test_during_an_outage_one_call_a_minute_waits_for_its_fetch() -> None:
    server, clock = KeyServer(), Clock()
    keys = cache(server, clock)
    await keys.current_keys()
    server.is_down = True
    clock.seconds += 5 * MINUTE
    await keys.current_keys()
    server.may_answer.clear()
    clock.seconds += MINUTE
    first, second = (asyncio.create_task(keys.current_keys()) for _ in range(2))
    await settle()
    assert (first.done(), second.done()) == (False, True)
    server.may_answer.set()
    assert await first is await second


async def test_an_empty_cache_without_the_issuer_reports_when_to_retry() -> None:
    server, clock = KeyServer(), Clock()
    server.is_down = True
    keys = cache(server, clock)
    for _ in range(20):
        with pytest.raises(KeysUnavailableError) as refused:
            await keys.current_keys()
        assert refused.value.retry_after_seconds == 5
    assert len(server.fetches) == 1
    server.is_down = False
    clock.seconds += 5
    assert await keys.current_keys()


UNUSABLE: Final[list[bytes]] = [
    key_set(),
    b"",
    b"{}",
    b"[]",
    b"<html>",
    b'{"keys": {}}',
    b'{"keys": [], "keys": []}',
    b'{"keys": ["key"]}',
    b'{"keys": ' + b"[" * 100_000,
    b"\xff\xfe",
    key_set({"kty": "oct", "k": "c2VjcmV0", "kid": "elliptic", "alg": "HS256"}),
    key_set(edwards_jwk("Ed25519")),
]


@pytest.mark.parametrize("body", UNUSABLE, ids=range(len(UNUSABLE)))
async def test_a_set_without_usable_keys_is_ignored(body: bytes) -> None:
    server, clock = KeyServer(), Clock()
    keys = cache(server, clock)
    known = await keys.current_keys()
    server.body = body
    clock.seconds += 6 * MINUTE
    assert await keys.current_keys() is known
    with pytest.raises(KeysUnavailableError):
        await cache(server, clock).current_keys()


async def test_a_flood_of_unknown_keys_causes_one_fetch_in_thirty_seconds() -> None:
    server, clock = KeyServer(), Clock()
    keys = cache(server, clock)
    known = await keys.current_keys()
    for _ in range(1000):
        assert await keys.refetch_for_unknown_key() is known
    assert len(server.fetches) == 2
    clock.seconds += 29.9
    await keys.refetch_for_unknown_key()
    assert len(server.fetches) == 2
    clock.seconds += 0.1
    await asyncio.gather(*(keys.refetch_for_unknown_key() for _ in range(1000)))
    assert len(server.fetches) == 3


async def test_a_new_key_is_fetched_for_the_first_token_that_names_it() -> None:
    server, clock = KeyServer(), Clock()
    keys = cache(server, clock)
    await keys.current_keys()
    server.body = key_set(elliptic_key(), elliptic_key("successor"))
    assert (await keys.refetch_for_unknown_key()).find("successor", "ES256")


async def test_during_an_outage_an_unknown_key_is_unavailable_and_known_keys_stay() -> None:
    server, clock = KeyServer(), Clock()
    keys = cache(server, clock)
    known = await keys.current_keys()
    server.is_down = True
    for _ in range(100):
        with pytest.raises(KeysUnavailableError):
            await keys.refetch_for_unknown_key()
    assert len(server.fetches) == 2
    assert keys.fresh_keys() is known


async def test_each_fetch_may_look_up_the_address() -> None:
    server = KeyServer()
    addresses = iter(["https://one.example/keys", "https://two.example/keys"])

    async def locate() -> str:
        return next(addresses)

    keys = KeySet(locate, server.fetch, clock=Clock())
    await keys.current_keys()
    await keys.refetch_for_unknown_key()
    assert server.fetches == ["https://one.example/keys", "https://two.example/keys"]


async def test_an_address_that_cannot_be_looked_up_counts_as_an_outage() -> None:
    async def locate() -> str:
        raise FetchError("No metadata.")

    with pytest.raises(KeysUnavailableError):
        await KeySet(locate, KeyServer().fetch, clock=Clock()).current_keys()
