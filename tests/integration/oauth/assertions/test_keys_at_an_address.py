"""The keys at a client's jwks_uri: when they are fetched, and how long they are used while the host is down."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.oauth.models import ClientKeySource
from doorward.infrastructure.client_assertions import SignedAssertions
from doorward.infrastructure.outbound import Document, DocumentUnavailableError
from tests.integration.oauth.assertions.signing import Key, key_set

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ISSUER, CLIENT = "https://auth.example", "dwc_signer"
SOURCE = ClientKeySource(None, "https://keys.example/jwks")


class Host:
    """The host of a key set; its body is None while it is down."""

    def __init__(self, *keys: Key) -> None:
        self.body: str | None = key_set(*(key.jwk() for key in keys))
        self.fetches = 0

    async def fetch(self, url: str) -> Document:
        assert url == SOURCE.jwks_uri
        self.fetches += 1
        await asyncio.sleep(0)
        if self.body is None:
            raise DocumentUnavailableError("connection")
        return Document(self.body.encode(), {})


def assertion(key: Key, now: datetime = NOW, **changes: Any) -> str:
    claims = {"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": int(now.timestamp()) + 60, "jti": "j", **changes}
    return jwt.encode(claims, key.private, algorithm=key.algorithm, headers={"kid": key.key_id})


async def test_concurrent_calls_share_one_fetch_and_keys_are_cached_for_five_minutes() -> None:
    key = Key()
    host = Host(key)
    reader = SignedAssertions(ISSUER, host)
    found = await asyncio.gather(*(reader.verify(assertion(key), CLIENT, SOURCE, NOW) for _ in range(20)))
    assert all(found)
    assert host.fetches == 1
    for minutes, fetches in ((4, 1), (5, 2)):
        now = NOW + timedelta(minutes=minutes)
        assert await reader.verify(assertion(key, now), CLIENT, SOURCE, now)
        assert host.fetches == fetches


async def test_unknown_keys_cause_a_limited_number_of_fetches_and_a_new_key_is_found() -> None:
    first, second = Key("first"), Key("second")
    host = Host(first)
    reader = SignedAssertions(ISSUER, host)
    for _ in range(5):
        assert await reader.verify(assertion(second), CLIENT, SOURCE, NOW) is None
    assert host.fetches == 1
    host.body = key_set(first.jwk(), second.jwk())
    later = NOW + timedelta(seconds=30)
    assert await reader.verify(assertion(second, later), CLIENT, SOURCE, later)
    assert host.fetches == 2


@pytest.mark.parametrize("body", [None, "", "[]", '{"keys": []}', json.dumps({"keys": [{"kty": "oct"}]})])
async def test_without_valid_keys_the_service_is_unavailable_and_fetches_wait_five_seconds(body: str | None) -> None:
    host, key = Host(), Key()
    host.body = body
    reader = SignedAssertions(ISSUER, host)
    for _ in range(3):
        with pytest.raises(ServiceUnavailableError):
            await reader.verify(assertion(key), CLIENT, SOURCE, NOW)
    assert host.fetches == 1
    host.body = key_set(key.jwk())
    later = NOW + timedelta(seconds=5)
    assert await reader.verify(assertion(key, later), CLIENT, SOURCE, later)


async def test_cached_keys_are_used_for_a_day_while_the_host_is_down() -> None:
    key = Key()
    host = Host(key)
    reader = SignedAssertions(ISSUER, host)
    assert await reader.verify(assertion(key), CLIENT, SOURCE, NOW)
    host.body = None
    for hours in (1, 23):
        now = NOW + timedelta(hours=hours)
        assert await reader.verify(assertion(key, now), CLIENT, SOURCE, now)
    over = NOW + timedelta(hours=24)
    with pytest.raises(ServiceUnavailableError):
        await reader.verify(assertion(key, over), CLIENT, SOURCE, over)


async def test_a_cancelled_call_does_not_cancel_the_fetch_of_other_calls() -> None:
    key = Key()
    reader = SignedAssertions(ISSUER, Host(key))
    first = asyncio.create_task(reader.verify(assertion(key), CLIENT, SOURCE, NOW))
    second = asyncio.create_task(reader.verify(assertion(key), CLIENT, SOURCE, NOW))
    await asyncio.sleep(0)
    first.cancel()
    assert await second


async def test_the_oldest_of_more_than_256_cached_key_sets_is_removed() -> None:
    key = Key()

    class AnyAddress(Host):
        async def fetch(self, url: str) -> Document:
            self.fetches += 1
            return Document(key_set(key.jwk()).encode(), {"url": url})

    host = AnyAddress()
    reader = SignedAssertions(ISSUER, host)
    for number in range(257):
        source = ClientKeySource(None, f"https://keys.example/{number}")
        assert await reader.verify(assertion(key), CLIENT, source, NOW)
    for number, fetches in ((256, 257), (0, 258)):
        assert await reader.verify(assertion(key), CLIENT, ClientKeySource(None, f"https://keys.example/{number}"), NOW)
        assert host.fetches == fetches
