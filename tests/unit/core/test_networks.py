"""Networks around a client's canonical address."""

import pytest

from doorward.core.networks import coarse_network, ipv6_site, owner_network


@pytest.mark.parametrize(
    ("client", "site", "near", "coarse"),
    [
        ("203.0.113.7", None, "203.0.113.0/24", "203.0.0.0/16"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8:1::/48", "2001:db8::/32"),
        ("unknown", None, "unknown", "unknown"),
        ("user 0d7f4b9e", None, "user 0d7f4b9e", "user 0d7f4b9e"),
    ],
)
def test_the_networks_of_a_client_are_derived_from_its_address(
    client: str, site: str | None, near: str, coarse: str
) -> None:
    assert (ipv6_site(client), owner_network(client), coarse_network(client)) == (site, near, coarse)
