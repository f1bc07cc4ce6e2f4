"""The client address under which a request is counted."""

import ipaddress
from collections.abc import Sequence

import pytest

from doorward.api.client_address import UNKNOWN_CLIENT, client_address
from doorward.settings.limits import Network

PROXIES: Sequence[Network] = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]
NO_PROXIES: Sequence[Network] = []


@pytest.mark.parametrize(
    "forwarded",
    [[], [""], ["198.51.100.7"], ["198.51.100.7, 10.0.0.1"], ["127.0.0.1"], ["garbage"], ["a", "b"]],
)
@pytest.mark.parametrize("trusted", [NO_PROXIES, PROXIES])
def test_a_forwarded_address_of_an_untrusted_peer_is_ignored(forwarded: list[str], trusted: Sequence[Network]) -> None:
    assert client_address("203.0.113.9", forwarded, trusted) == "203.0.113.9"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([], "10.0.0.1"),
        (["198.51.100.7"], "198.51.100.7"),
        (["198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        (["198.51.100.7,10.0.0.3,10.0.0.2"], "198.51.100.7"),
        (["  198.51.100.7  "], "198.51.100.7"),
        (["1.1.1.1, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        (["198.51.100.7", "10.0.0.2"], "198.51.100.7"),
        (["1.1.1.1", "198.51.100.7"], "198.51.100.7"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    ],
)
def test_behind_trusted_proxies_the_last_untrusted_hop_is_the_client(forwarded: list[str], client: str) -> None:
    assert client_address("10.0.0.1", forwarded, PROXIES) == client


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ([""], "10.0.0.1"),
        (["garbage"], "10.0.0.1"),
        (["198.51.100.7, garbage"], "10.0.0.1"),
        (["198.51.100.7, garbage, 10.0.0.2"], "10.0.0.2"),
        (["198.51.100.7,"], "10.0.0.1"),
        ([":443"], "10.0.0.1"),
        (["["], "10.0.0.1"),
        (["198.51.100.999"], "10.0.0.1"),
        (["198.51.100.07"], "10.0.0.1"),
        (["3325256711"], "10.0.0.1"),
        (["for=198.51.100.7"], "10.0.0.1"),
        (["\u0661\u0669\u0668.51.100.7"], "10.0.0.1"),
        (["198.51.100.7\x00"], "10.0.0.1"),
        (["x" * 1_000_000], "10.0.0.1"),
        (["," * 1_000_000], "10.0.0.1"),
    ],
)
def test_an_invalid_hop_falls_back_to_the_last_valid_address(forwarded: list[str], client: str) -> None:
    assert client_address("10.0.0.1", forwarded, PROXIES) == client


@pytest.mark.parametrize("spelling", ["::ffff:203.0.113.9", "::FFFF:203.0.113.9", "::ffff:cb00:7109"])
def test_an_ipv4_mapped_address_is_counted_as_its_ipv4_address(spelling: str) -> None:
    assert client_address(spelling, [], NO_PROXIES) == "203.0.113.9"


def test_an_ipv4_mapped_proxy_is_trusted_like_its_ipv4_address() -> None:
    assert client_address("::ffff:10.0.0.1", ["::ffff:198.51.100.7"], PROXIES) == "198.51.100.7"


@pytest.mark.parametrize(
    "spelling", ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:DB8:1:2::A", "2001:0db8:0001:0002::1"]
)
def test_addresses_of_one_64_network_are_one_client(spelling: str) -> None:
    assert client_address(spelling, [], NO_PROXIES) == "2001:db8:1:2::/64"


def test_addresses_of_two_64_networks_are_two_clients() -> None:
    assert client_address("2001:db8:1:2::1", [], NO_PROXIES) != client_address("2001:db8:1:3::1", [], NO_PROXIES)


def test_addresses_with_different_zones_are_one_client() -> None:
    assert (
        client_address("fe80::1%eth0", [], NO_PROXIES) == client_address("fe80::1%eth1", [], NO_PROXIES) == "fe80::/64"
    )


def test_a_forwarded_ipv6_client_is_counted_by_its_network() -> None:
    assert client_address("fd00::1", ["2001:db8:1:2::1"], PROXIES) == "2001:db8:1:2::/64"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("198.51.100.7:443", "198.51.100.7"),
        ("[2001:db8::1]:443", "2001:db8::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
    ],
)
def test_the_port_of_a_forwarded_address_is_ignored(forwarded: str, client: str) -> None:
    assert client_address("10.0.0.1", [forwarded], PROXIES) == client


@pytest.mark.parametrize("peer", ["", "unix:", "testclient", "localhost"])
def test_peers_without_an_address_are_one_client(peer: str) -> None:
    assert client_address(peer, ["198.51.100.7"], PROXIES) == UNKNOWN_CLIENT


def test_at_most_100_hops_are_read() -> None:
    trusted: list[Network] = [ipaddress.ip_network("10.0.0.0/8")]
    for hops, address in ((99, "198.51.100.1"), (100, "10.0.0.2")):
        forwarded = ["198.51.100.1, " + ", ".join(["10.0.0.2"] * hops)]
        assert client_address("10.0.0.1", forwarded, trusted) == address
