"""Introspection requests to the issuer: their frequency, and which responses are valid."""

from collections.abc import Mapping
from contextlib import nullcontext

import pytest

from doorward_client.exceptions import FetchError, IntrospectionUnavailableError, InvalidTokenError
from doorward_client.introspection import Introspection
from doorward_client.key_sets import FetchedKeys
from doorward_client.transports import ClientCredentials
from tests.unit.client_library.issuer_server import Clock


class Endpoint:
    """Respond to each request with ``answer``, or fail it while ``answer`` is None."""

    def __init__(self) -> None:
        self.answer: bytes | None = b'{"active": true}'
        self.requests: list[tuple[str, Mapping[str, str], ClientCredentials]] = []

    async def locate(self) -> str:
        return "https://accounts.example/oauth/introspect"

    async def get(self, address: str) -> FetchedKeys:
        raise FetchError(address)

    async def post(self, address: str, form: Mapping[str, str], credentials: ClientCredentials) -> bytes:
        self.requests.append((address, form, credentials))
        if self.answer is None:
            raise FetchError("The issuer is down.")
        return self.answer


CREDENTIALS = ClientCredentials("dwc_orders", "dws_secret")


def introspection(endpoint: Endpoint, clock: Clock) -> Introspection:
    return Introspection(endpoint, endpoint.locate, CREDENTIALS, clock=clock, remembered_tokens=2)


async def test_the_request_has_the_parameters_of_the_standard() -> None:
    endpoint = Endpoint()
    await introspection(endpoint, Clock()).check("token-1")
    form = {"token": "token-1", "token_type_hint": "access_token"}
    assert endpoint.requests == [("https://accounts.example/oauth/introspect", form, CREDENTIALS)]


async def test_the_response_for_an_active_token_is_cached_for_ten_seconds() -> None:
    endpoint, clock = Endpoint(), Clock()
    it = introspection(endpoint, clock)
    await it.check("token-1")
    clock.seconds += 9.9
    await it.check("token-1")
    assert len(endpoint.requests) == 1
    endpoint.answer = b'{"active": false}'
    clock.seconds += 0.1
    with pytest.raises(InvalidTokenError):
        await it.check("token-1")


async def test_the_response_for_an_inactive_token_is_cached_for_ten_seconds() -> None:
    endpoint, clock = Endpoint(), Clock()
    it = introspection(endpoint, clock)
    endpoint.answer = b'{"active": false, "sub": "ada"}'
    for seconds, requests in ((0, 1), (9.9, 1), (0.1, 2), (9.9, 2)):
        clock.seconds += seconds
        with pytest.raises(InvalidTokenError, match="no longer active"):
            await it.check("token-1")
        assert len(endpoint.requests) == requests


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        (b"", None),
        (b', "scope": ""', frozenset()),
        (b', "scope": "orders:read orders:write"', frozenset({"orders:read", "orders:write"})),
    ],
    ids=["absent", "none", "two"],
)
async def test_the_current_scopes_of_a_token_are_returned_and_cached(
    scope: bytes, scopes: frozenset[str] | None
) -> None:
    endpoint = Endpoint()
    it = introspection(endpoint, Clock())
    endpoint.answer = b'{"active": true%s}' % scope
    assert [await it.check("token-1") for _ in range(2)] == [scopes, scopes]
    assert len(endpoint.requests) == 1


async def test_the_key_of_the_request_must_be_the_key_in_the_response() -> None:
    endpoint = Endpoint()
    it = introspection(endpoint, Clock())
    endpoint.answer = b'{"active": true, "scope": "orders:read", "cnf": {"jkt": "mine"}}'
    for _ in range(2):
        assert await it.check("token-1", "mine") == frozenset({"orders:read"})
        for other in (None, "another"):
            with pytest.raises(InvalidTokenError, match="another key"):
                await it.check("token-1", other)
    assert len(endpoint.requests) == 1
    endpoint.answer = b'{"active": true, "cnf": {"jkt": "mine"}}'
    assert await it.check("token-2", "mine") is None
    with pytest.raises(InvalidTokenError, match="another key"):
        await it.check("token-2")


@pytest.mark.parametrize("cnf", [b"null", b"{}", b'"x"', b'{"x5t#S256": "x"}', b'{"jkt": 1}'])
async def test_a_token_that_is_bound_by_another_method_is_refused(cnf: bytes) -> None:
    endpoint = Endpoint()
    endpoint.answer = b'{"active": true, "cnf": %s}' % cnf
    with pytest.raises(InvalidTokenError, match="not known"):
        await introspection(endpoint, Clock()).check("token-1")


@pytest.mark.parametrize(
    "answer",
    [None, b"", b"{}", b"[]", b"true", b"<html>", b'{"active": "true"}', b'{"active": 1}', b'{"active": null}',
     b'{"active": false, "active": true}', b'{"active": true, "scope": ["orders:read"]}',
     b'{"active": true, "scope": null}'],
)  # fmt: skip
async def test_an_invalid_response_counts_as_unavailable(answer: bytes | None) -> None:
    endpoint, clock = Endpoint(), Clock()
    it = introspection(endpoint, clock)
    await it.check("token-1")
    endpoint.answer = answer
    clock.seconds += 10
    with pytest.raises(IntrospectionUnavailableError) as unavailable:
        await it.check("token-1")
    assert unavailable.value.retry_after_seconds == 5


@pytest.mark.parametrize("is_active", [True, False], ids=["active", "inactive"])
async def test_the_cache_of_responses_is_bounded(*, is_active: bool) -> None:
    endpoint = Endpoint()
    it = introspection(endpoint, Clock())
    endpoint.answer = b'{"active": %s}' % (b"true" if is_active else b"false")
    for token in ("token-1", "token-2", "token-3", "token-3", "token-2", "token-1"):
        with nullcontext() if is_active else pytest.raises(InvalidTokenError):
            await it.check(token)
    assert [form["token"] for _, form, _ in endpoint.requests] == ["token-1", "token-2", "token-3", "token-1"]
