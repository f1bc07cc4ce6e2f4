"""Checks before a route's function runs: the origin of a form, the query parameters, the rate limit."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from doorward.api.admission import count_call, is_foreign_form, refuse_repeated_parameters
from doorward.api.budgets import CallsInFlight, RefusalLog
from doorward.api.draining import Drain
from doorward.api.edge_services import EdgeServices
from doorward.api.exceptions import InvalidRequestError, RateLimitExceededError
from doorward.api.policy import PUBLIC, RoutePolicy
from doorward.api.problems import MAXIMUM_ERRORS
from doorward.api.routing import Call, PolicyRoute
from doorward.api.shared_address import SAMPLE, SharedAddressWatch
from doorward.core.ports import LimitedCall
from doorward.observability.logging import configure_logging
from doorward.observability.request_context import begin_request

OWN = "https://auth.example.com"
CLIENT = "10.0.0.7"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": OWN}, True),
        ({"sec-fetch-site": "same-site", "origin": OWN}, True),
        ({"sec-fetch-site": ""}, True),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, False),
        ({"origin": "https://evil.example"}, True),
        ({"origin": f"{OWN}.evil.example"}, True),
        ({"origin": OWN.upper()}, True),
        ({"origin": "null"}, False),
        ({"origin": OWN}, False),
        ({}, False),
    ],
)
def test_a_form_is_foreign_if_its_headers_name_another_origin(headers: dict[str, str], *, expected: bool) -> None:
    assert is_foreign_form(headers, OWN) is expected


def test_without_an_own_origin_only_the_fetch_metadata_decide() -> None:
    assert is_foreign_form({"sec-fetch-site": "cross-site"}, None)
    assert not is_foreign_form({"origin": "https://evil.example"}, None)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (b"tag=Drama&tag=War", "tag"),
        (b"page=1&page=1", "page"),
        (b"tag=&tag=", "tag"),
        (b"tag&x=1&tag", "tag"),
        (b"owner=me&%6fwner=all", "owner"),
        (b"a%2Fb=1&a/b=2", "a~1b"),
    ],
)
def test_a_repeated_query_parameter_is_refused_with_its_name(query: bytes, name: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        refuse_repeated_parameters(query)
    (error,) = refused.value.errors
    assert (error.pointer, error.code) == (f"/query/{name}", "repeated")


@pytest.mark.parametrize("query", [b"", b"&&", b"tag=a&Tag=a", b"tag=a;tag=b", b"a=1&b=1"])
def test_parameters_that_occur_once_are_accepted(query: bytes) -> None:
    refuse_repeated_parameters(query)


def test_the_number_of_reported_parameters_is_limited() -> None:
    query = "&".join(f"p{number}=1&p{number}=2" for number in range(MAXIMUM_ERRORS + 1))
    with pytest.raises(InvalidRequestError) as refused:
        refuse_repeated_parameters(query.encode())
    assert len(refused.value.errors) == MAXIMUM_ERRORS


class FixedClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


class RecordingLimiter:
    """Returns a fixed number of seconds to wait."""

    def __init__(self, seconds: int = 0) -> None:
        self.seconds = seconds
        self.counted: list[tuple[str, str]] = []

    async def count(self, call: str, client: str) -> int:
        self.counted.append((call, client))
        return self.seconds


async def _answer() -> None:
    """Answer nothing."""


ROUTE = PolicyRoute(Call("POST", "/films/{film_id}", _answer, RoutePolicy(PUBLIC)))


def edge_with(limiter: RecordingLimiter, addresses: SharedAddressWatch | None = None) -> EdgeServices:
    return EdgeServices(
        calls=CallsInFlight(per_address=1, per_user=1),
        refusals=RefusalLog(),
        limiter=limiter,
        clock=FixedClock(),
        client_of=lambda _: CLIENT,
        addresses=addresses,
        drain=Drain(),
        admin_requires_second_factor=False,
        public_origin=None,
        bulk_slot=nullcontext,
        upload_idle_seconds=1,
        upload_seconds=1,
    )


@pytest.fixture(autouse=True)
def _of_client() -> Iterator[None]:
    begin_request(client=CLIENT)
    yield
    begin_request()


async def test_a_call_counts_for_the_address_or_for_the_given_caller() -> None:
    limiter = RecordingLimiter()
    await count_call(LimitedCall.TOKEN, ROUTE, edge_with(limiter))
    await count_call(LimitedCall.REFRESH, ROUTE, edge_with(limiter), caller="ada")
    assert limiter.counted == [("token", CLIENT), ("refresh", "ada")]


async def test_a_call_above_the_limit_is_refused_and_logged_with_the_route(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    with pytest.raises(RateLimitExceededError) as refused:
        await count_call(LimitedCall.TOKEN, ROUTE, edge_with(RecordingLimiter(seconds=7)))
    assert refused.value.headers["Retry-After"] == "7"
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["event"], line["route"]) == ("rate_limit.exceeded", "/films/{film_id}")


async def test_only_calls_counted_by_address_are_watched_for_a_shared_address(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "json")
    edge = edge_with(RecordingLimiter(), SharedAddressWatch())
    for _ in range(SAMPLE):
        await count_call(LimitedCall.TOKEN, ROUTE, edge, caller="ada")
    assert capsys.readouterr().out == ""
    for _ in range(SAMPLE):
        await count_call(LimitedCall.TOKEN, ROUTE, edge)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["peer"] == CLIENT
