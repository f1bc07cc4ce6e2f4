"""The keys of a trusted issuer: fetched on demand, kept during faults, and never fetched from other addresses."""

import asyncio
from typing import Final

import httpx
import pytest

from doorward.infrastructure.outbound import MAXIMUM_BYTES
from tests.integration.federation.conftest import Trusting
from tests.integration.federation.issuer import KEYS, METADATA, OAUTH_METADATA, Issuer, document, running, trusting
from tests.integration.service import FakeClock, Logs, MakeService, events, is_problem
from tests.plain_ids import plain_id
from tests.unit.client_library.signing import elliptic_key, key_set

EMPTY: Final = b'{"keys": []}'


def is_unavailable(answer: httpx.Response) -> bool:
    return is_problem(answer, 503, "issuer_unavailable") and answer.headers["retry-after"] == "5"


async def test_keys_are_fetched_at_the_first_token_and_once_for_concurrent_calls(trusting_service: Trusting) -> None:
    issuer = trusting_service.issuer
    assert issuer.asked == []
    answers = await asyncio.gather(*(trusting_service.items(issuer.token()) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert issuer.asked == [OAUTH_METADATA, METADATA, KEYS]


async def test_with_a_configured_jwks_uri_no_metadata_is_fetched(make_service: MakeService, issuer: Issuer) -> None:
    entry = {**issuer.entry(jwks_uri=f"{issuer.url}{KEYS}"), "issuer": "https://accounts.example"}
    service = await make_service(trusted_issuers=trusting(entry))
    assert (await service.items(issuer.token(iss="https://accounts.example"))).status_code == 200
    assert issuer.asked == [KEYS]


async def test_a_new_key_is_found_and_unknown_keys_cause_no_further_fetch(trusting_service: Trusting) -> None:
    issuer = trusting_service.issuer
    assert await trusting_service.status(issuer.token()) == 200
    before = issuer.token()
    new = elliptic_key("second")
    issuer.listed = (*issuer.listed, new)
    assert await trusting_service.status(issuer.token(by=new)) == 200
    asked = len(issuer.asked)
    for number in range(20):
        assert await trusting_service.status(issuer.token(header={"kid": f"invented {number}"})) == 401
    assert len(issuer.asked) == asked
    assert await trusting_service.status(before) == 200


async def test_cached_keys_are_used_while_the_issuer_is_down(trusting_service: Trusting, logs: Logs) -> None:
    issuer = trusting_service.issuer
    assert await trusting_service.status(issuer.token()) == 200
    issuer.answers = {METADATA: document(b"", status="500 Internal Server Error")}
    unknown = issuer.token(by=elliptic_key("second"))
    assert is_unavailable(await trusting_service.items(unknown))
    assert await trusting_service.status(issuer.token()) == 200
    assert len(events(logs, "federation.issuer.unavailable")) == 1


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (METADATA, document(None)),
        (METADATA, document(b"<html>")),
        (METADATA, document(b'{"issuer": "ISSUER"}')),
        (METADATA, document(b'{"issuer": "ISSUER", "jwks_uri": 7}')),
        (METADATA, document(b'{"issuer": "ISSUER", "jwks_uri": "https://169.254.169.254/latest"}')),
        (METADATA, document(b'{"issuer": "ISSUER", "jwks_uri": "file:///etc/passwd"}')),
        (METADATA, document(b'{"issuer": "ISSUER", "issuer": "ISSUER", "jwks_uri": "ISSUER/jwks"}')),
        (KEYS, document(EMPTY)),
        (KEYS, document(b"[]")),
        (KEYS, document(b'{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first"}]}')),
        (KEYS, document(b"[" * 100_000)),
        (KEYS, document(b" " * (MAXIMUM_BYTES + 1))),
        (KEYS, document(b"", status="302 Found", headers="Location: /other\r\n")),
        (KEYS, document(b"", status="503 Service Unavailable")),
        (KEYS, b"\x16\x03\x01 this is no HTTP"),
    ],
    ids=plain_id,
)
async def test_an_issuer_with_unreachable_keys_is_unavailable(
    trusting_service: Trusting, path: str, answer: bytes
) -> None:
    issuer = trusting_service.issuer
    if b"ISSUER" in answer:
        answer = document(answer.partition(b"\r\n\r\n")[2].replace(b"ISSUER", issuer.url.encode()))
    issuer.answers = {path: answer, "/other": document(key_set(*issuer.listed))}
    assert is_unavailable(await trusting_service.items(issuer.token()))
    assert "/other" not in issuer.asked


async def test_an_unreachable_issuer_prevents_neither_the_start_nor_other_callers(
    make_service: MakeService, issuer: Issuer, clock: FakeClock
) -> None:
    async with running(Issuer(clock)) as gone:
        pass
    service = await make_service(trusted_issuers=trusting(gone.entry(), issuer.entry()))
    _, pair = await service.register_and_log_in()
    assert is_unavailable(await service.items(gone.token()))
    assert (await service.items(issuer.token())).status_code == 200
    assert (await service.get_me(pair.access)).status_code == 200


async def test_a_slow_issuer_delays_only_its_own_callers(
    make_service: MakeService, issuer: Issuer, clock: FakeClock
) -> None:
    async with running(Issuer(clock)) as slow:
        slow.is_held = asyncio.Event()
        service = await make_service(trusted_issuers=trusting(slow.entry(), issuer.entry()))
        waiting = asyncio.create_task(service.items(slow.token()))
        assert (await service.items(issuer.token())).status_code == 200
        assert not waiting.done()
        slow.is_held.set()
        assert (await waiting).status_code == 200


async def test_an_issuer_that_exceeds_the_timeout_is_unavailable(make_service: MakeService, issuer: Issuer) -> None:
    issuer.is_held = asyncio.Event()
    service = await make_service(trusted_issuers=trusting(issuer.entry(jwks_uri=f"{issuer.url}{KEYS}")))
    assert is_unavailable(await service.items(issuer.token()))
    assert issuer.asked == [KEYS]
    issuer.is_held.set()


async def test_private_addresses_are_not_fetched_without_permission(make_service: MakeService, issuer: Issuer) -> None:
    entry = {**issuer.entry(), "issuer": "https://127.0.0.1", "allow_private_addresses": False}
    entry["jwks_uri"] = issuer.url.replace("http:", "https:") + KEYS
    service = await make_service(trusted_issuers=trusting(entry))
    assert is_unavailable(await service.items(issuer.token(iss="https://127.0.0.1")))
    assert issuer.connections == 0


async def test_a_withdrawn_key_is_refused_after_the_next_fetch(trusting_service: Trusting) -> None:
    issuer = trusting_service.issuer
    old = issuer.token()
    assert await trusting_service.status(old) == 200
    new = elliptic_key("third")
    issuer.listed = (new,)
    assert await trusting_service.status(issuer.token(by=new)) == 200
    assert await trusting_service.status(old) == 401
