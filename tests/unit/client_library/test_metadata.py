"""An issuer's metadata: where it is looked up, its issuer, and the URLs that it may contain."""

import json
from typing import Any, Final

import pytest

from doorward_client.exceptions import FetchError
from doorward_client.key_sets import FetchedKeys
from doorward_client.metadata import Discovery
from tests.unit.client_library.signing import ISSUER

KEYS: Final = f"{ISSUER}/oauth/jwks"


class Documents:
    """Documents by URL, and the URLs that were requested."""

    def __init__(self, documents: dict[str, Any]) -> None:
        self.documents = documents
        self.requested: list[str] = []

    async def fetch(self, address: str) -> FetchedKeys:
        self.requested.append(address)
        if address not in self.documents:
            raise FetchError("404")
        document = self.documents[address]
        return FetchedKeys(document if isinstance(document, bytes) else json.dumps(document).encode())


def described(issuer: str = ISSUER, **members: object) -> dict[str, Any]:
    return {"issuer": issuer, "jwks_uri": KEYS, **members}


OAUTH: Final = f"{ISSUER}/.well-known/oauth-authorization-server"
OPENID: Final = f"{ISSUER}/.well-known/openid-configuration"


async def located(documents: dict[str, Any], issuer: str = ISSUER, **settings: Any) -> str:
    return await Discovery(issuer, Documents(documents).fetch, **settings).locate_keys()


@pytest.mark.parametrize(
    ("issuer", "places"),
    [
        (ISSUER, [OAUTH, OPENID]),
        (f"{ISSUER}/", [OAUTH, OPENID]),
        (
            f"{ISSUER}/realms/orders",
            [f"{OAUTH}/realms/orders", f"{ISSUER}/realms/orders/.well-known/openid-configuration"],
        ),
        (
            f"{ISSUER}/realms/orders/",
            [f"{OAUTH}/realms/orders", f"{ISSUER}/realms/orders/.well-known/openid-configuration"],
        ),
    ],
)
async def test_metadata_is_looked_up_at_both_well_known_urls(issuer: str, places: list[str]) -> None:
    documents = Documents({})
    with pytest.raises(FetchError):
        await Discovery(issuer, documents.fetch).locate_keys()
    assert documents.requested == places
    for place in places:
        assert await located({place: described(issuer)}, issuer) == KEYS


@pytest.mark.parametrize(
    "document",
    [
        described("https://other.example"),
        described(f"{ISSUER}/"),
        {"jwks_uri": KEYS},
        described(issuer=[ISSUER]),  # type: ignore[arg-type]
        described(jwks_uri=None),
        described(jwks_uri=["https://accounts.example/keys"]),
        described(jwks_uri="http://accounts.example/keys"),
        described(jwks_uri="http://127.0.0.1/keys"),
        described(jwks_uri="/oauth/jwks"),
        described(jwks_uri="file:///etc/passwd"),
        described(jwks_uri="https://user:password@accounts.example/keys"),
        described(introspection_endpoint="http://accounts.example/introspect"),
        [],
        b"",
        b"<html>",
        b'{"issuer": "https://accounts.example", "jwks_uri": "https://a.example", "jwks_uri": "https://b.example"}',
    ],
    ids=range(16),
)
async def test_metadata_of_another_issuer_or_with_unsafe_urls_is_ignored(document: Any) -> None:
    with pytest.raises(FetchError):
        await located({OAUTH: document})
    assert await located({OAUTH: document, OPENID: described()}) == KEYS


async def test_keys_may_be_on_another_host() -> None:
    assert await located({OAUTH: described(jwks_uri="https://keys.example/set")}) == "https://keys.example/set"


async def test_a_loopback_issuer_may_name_loopback_urls() -> None:
    here = "http://localhost:8000"
    place = f"{here}/.well-known/oauth-authorization-server"
    assert await located({place: described(here, jwks_uri=f"{here}/keys")}, here) == f"{here}/keys"
    with pytest.raises(FetchError):
        await located({place: described(here, jwks_uri="http://keys.example/set")}, here)


async def test_plain_http_to_another_host_needs_allow_http() -> None:
    inside = "http://keycloak:8080"
    place = f"{inside}/.well-known/openid-configuration"
    document = described(inside, jwks_uri=f"{inside}/keys")
    assert await located({place: document}, inside, allow_http=True) == f"{inside}/keys"
    with pytest.raises(ValueError, match="https"):
        Discovery(inside, Documents({}).fetch)


async def test_the_internal_url_is_used_for_requests_and_not_as_the_issuer() -> None:
    internal = "http://doorward:8080"
    documents = Documents(
        {
            f"{internal}/.well-known/oauth-authorization-server": described(
                introspection_endpoint=f"{ISSUER}/oauth/introspect"
            )
        }
    )
    discovery = Discovery(ISSUER, documents.fetch, internal_url=f"{internal}/")
    assert await discovery.locate_keys() == f"{internal}/oauth/jwks"
    assert await discovery.introspection_endpoint() == f"{internal}/oauth/introspect"


@pytest.mark.parametrize(
    "address", ["http://other.example/keys", f"{ISSUER}.evil.example/keys", "http://doorward/keys"]
)
async def test_the_internal_url_replaces_only_urls_of_the_issuer(address: str) -> None:
    place = "http://doorward:8080/.well-known/oauth-authorization-server"
    documents = {place: described(jwks_uri=address)}
    if address.startswith("https://"):
        assert await located(documents, internal_url="http://doorward:8080") == address
    else:
        with pytest.raises(FetchError):
            await located(documents, internal_url="http://doorward:8080")


async def test_the_introspection_endpoint_is_read_from_the_latest_metadata() -> None:
    documents = Documents({OAUTH: described(introspection_endpoint=f"{ISSUER}/introspect")})
    discovery = Discovery(ISSUER, documents.fetch)
    assert await discovery.introspection_endpoint() == f"{ISSUER}/introspect"
    assert await discovery.introspection_endpoint() == f"{ISSUER}/introspect"
    assert len(documents.requested) == 1
    documents.documents[OAUTH] = described(introspection_endpoint=f"{ISSUER}/moved")
    await discovery.locate_keys()
    assert await discovery.introspection_endpoint() == f"{ISSUER}/moved"


async def test_a_missing_introspection_endpoint_is_reported() -> None:
    with pytest.raises(FetchError, match="introspection_endpoint"):
        await Discovery(ISSUER, Documents({OAUTH: described()}).fetch).introspection_endpoint()
