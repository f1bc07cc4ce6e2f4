"""The warning about a private address that makes most calls: probably a proxy that is not trusted."""

from collections.abc import Iterator

import pytest

from doorward.api.shared_address import CALLS_OF_SERVICES, SAMPLE, SILENT_SECONDS, SharedAddressWatch
from doorward.core.events import Event
from doorward.core.ports import LimitedCall
from doorward.observability.address_events import ClientAddressShared
from doorward.observability.logging import observed_events


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> SharedAddressWatch:
    return SharedAddressWatch(clock.now)


@pytest.fixture(autouse=True)
def reported() -> Iterator[list[Event]]:
    events: list[Event] = []
    with observed_events(events.append):
        yield events


def sample(watch: SharedAddressWatch, client: str, calls: int, call: LimitedCall = LimitedCall.TOKEN) -> None:
    """Count this number of calls of a client, and fill the sample with clients that call once."""
    for number in range(SAMPLE):
        watch.count(call, client if number < calls else f"203.0.113.{number}")


@pytest.mark.parametrize("client", ["10.1.2.3", "172.17.0.1", "127.0.0.1", "192.168.1.1", "fd00::/64", "::/64"])
def test_a_private_address_with_most_calls_is_reported(
    watch: SharedAddressWatch, reported: list[Event], client: str
) -> None:
    most = SAMPLE // 2 + 1
    sample(watch, client, most)
    assert reported == [ClientAddressShared(peer=client, calls=most, total=SAMPLE)]


@pytest.mark.parametrize("client", ["198.51.100.7", "2001:db8::/64", "unknown", "11.0.0.1"])
def test_a_public_address_may_have_most_calls(watch: SharedAddressWatch, reported: list[Event], client: str) -> None:
    sample(watch, client, SAMPLE)
    assert reported == []


def test_a_private_address_may_have_half_of_the_calls(watch: SharedAddressWatch, reported: list[Event]) -> None:
    sample(watch, "10.1.2.3", SAMPLE // 2)
    assert reported == []


@pytest.mark.parametrize("call", sorted(CALLS_OF_SERVICES))
def test_services_may_have_private_addresses(
    watch: SharedAddressWatch, reported: list[Event], call: LimitedCall
) -> None:
    sample(watch, "10.1.2.3", SAMPLE, call)
    assert reported == []


def test_the_warning_is_repeated_once_an_hour(watch: SharedAddressWatch, reported: list[Event], clock: Clock) -> None:
    for _ in range(3):
        sample(watch, "10.1.2.3", SAMPLE)
    assert len(reported) == 1
    clock.seconds += SILENT_SECONDS
    sample(watch, "10.1.2.3", SAMPLE)
    assert len(reported) == 2


def test_samples_are_evaluated_separately(watch: SharedAddressWatch, reported: list[Event]) -> None:
    for _ in range(3):
        sample(watch, "10.1.2.3", SAMPLE // 2)
    assert reported == []
