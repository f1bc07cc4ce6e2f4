"""The data that is recorded about the device of a new session, as a table."""

import pytest

from doorward.domain.auth.devices.recorded import AddressDetail, describe_device
from doorward.domain.auth.models import Device


@pytest.mark.parametrize(
    ("address", "detail", "recorded"),
    [
        ("203.0.113.77", "full", "203.0.113.77"),
        ("203.0.113.77", "network", "203.0.113.0/24"),
        ("203.0.113.77", "none", None),
        ("2001:db8:1:2::/64", "full", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::/64", "network", "2001:db8:1::/48"),
        ("2001:db8:1:2::/64", "none", None),
        ("", "full", None),
        ("no address", "network", None),
    ],
)
def test_an_address_is_recorded_with_the_detail_of_the_setting(
    address: str, detail: AddressDetail, recorded: str | None
) -> None:
    assert describe_device(None, address, detail) == Device(None, recorded)


@pytest.mark.parametrize(
    ("sent", "recorded"),
    [(None, None), ("", None), ("\x00\n\u202e", None), ("Firefox\t\x00/142", "Firefox/142"), ("x" * 300, "x" * 256)],
)
def test_a_user_agent_is_recorded_without_invisible_characters(sent: str | None, recorded: str | None) -> None:
    assert describe_device(sent, "", "full") == Device(recorded, None)
