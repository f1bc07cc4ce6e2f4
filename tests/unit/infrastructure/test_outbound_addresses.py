"""The addresses that outbound requests may connect to."""

import ipaddress

import pytest

from doorward.infrastructure.outbound_addresses import allowed_addresses

PUBLIC_V4, PUBLIC_V6 = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"
OPENED = (ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fd00:20::/64"))


def is_allowed(*addresses: str, only_networks: bool = False, networks: tuple[object, ...] = ()) -> bool:
    return allowed_addresses(addresses, networks, only_networks=only_networks) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("address", [PUBLIC_V4, PUBLIC_V6, "1.1.1.1", "2001:4860:4860::8888"])
def test_global_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "4000::1",
    ],
)
def test_internal_and_special_addresses_are_refused(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "2001:0:7f00:1::1",
        "2001:0:5db8:d822:0:0:80ff:fffe",
    ],
)
def test_an_internal_address_within_an_ipv6_address_is_refused(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize("address", [f"::ffff:{PUBLIC_V4}", f"64:ff9b::{PUBLIC_V4}", "2002:5db8:d822::1"])
def test_a_global_address_within_an_ipv6_address_is_allowed(address: str) -> None:
    assert is_allowed(address)


def test_a_list_with_an_internal_address_and_an_empty_list_are_refused() -> None:
    assert is_allowed(PUBLIC_V4, PUBLIC_V6)
    assert not is_allowed(PUBLIC_V4, "10.0.0.1")
    assert not is_allowed("10.0.0.1", PUBLIC_V4)
    assert not is_allowed()


def test_opened_networks_are_allowed_and_other_internal_ones_are_not() -> None:
    for address in ("10.20.3.4", "::ffff:10.20.3.4", "fd00:20::7"):
        assert is_allowed(address, networks=OPENED)
    assert not is_allowed("10.21.0.1", networks=OPENED)
    assert not is_allowed("fd00:21::7", networks=OPENED)
    assert not is_allowed("10.20.3.4", "10.21.0.1", networks=OPENED)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "169.254.0.23",
        "169.254.42.42",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:42::42",
        "fd00:ec2::254",
        "fd00:ec2:0::23",
        "fd00:c1::a9fe:a9fe",
        "fd20:ce::254",
        "fe80::a9fe:a9fe",
        "fe80::a9fe:a9fe%eth0",
        "::ffff:100.100.100.200",
        "::100.100.100.200",
        "::ffff:0:100.100.100.200",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::100.100.100.200",
        "2002:a83f:8110::1",
        "2001:0:a83f:8110::1",
        "2001:0:5db8:d822:0:0:9b9b:9b37",
    ],
)
def test_metadata_addresses_of_clouds_are_always_refused(address: str) -> None:
    everything = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
    for only_networks in (False, True):
        assert not is_allowed(address, networks=everything, only_networks=only_networks)
        assert not is_allowed("10.20.3.4", address, networks=everything, only_networks=only_networks)
    assert not is_allowed(address)


def test_plain_http_is_allowed_only_to_opened_networks() -> None:
    assert is_allowed("10.20.3.4", only_networks=True, networks=OPENED)
    assert not is_allowed(PUBLIC_V4, only_networks=True, networks=OPENED)
    assert not is_allowed(PUBLIC_V4, only_networks=True)


def test_the_loopback_address_of_ipv6_is_opened_only_by_its_own_network() -> None:
    assert not is_allowed("::1")
    assert is_allowed("::1", networks=(ipaddress.ip_network("::1/128"),), only_networks=True)
    assert not is_allowed("::1", networks=(ipaddress.ip_network("0.0.0.0/8"),))
