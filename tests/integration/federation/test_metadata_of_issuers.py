"""The metadata of a trusted issuer with its jwks_uri: RFC 8414 or OpenID Connect Discovery."""

import json
from typing import Final

import pytest

from tests.integration.federation.issuer import (
    AUDIENCE,
    KEYS,
    METADATA,
    OAUTH_METADATA,
    Issuer,
    document,
    trusting,
)
from tests.integration.oauth.provider import Provider
from tests.integration.service import MakeService

REALM: Final = "/realms/shop"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("", OAUTH_METADATA),
        ("", METADATA),
        (REALM, f"{OAUTH_METADATA}{REALM}"),
        (REALM, f"{REALM}{METADATA}"),
    ],
)
async def test_metadata_are_found_at_either_well_known_path(
    make_service: MakeService, issuer: Issuer, path: str, place: str
) -> None:
    keys = f"{issuer.url}{KEYS}"
    issuer.url += path
    issuer.answers = {METADATA: document(None)}
    issuer.answers[place] = document(json.dumps({"issuer": issuer.url, "jwks_uri": keys}).encode())
    service = await make_service(trusted_issuers=trusting(issuer.entry()))
    assert (await service.items(issuer.token())).status_code == 200
    places = [f"{OAUTH_METADATA}{path}", f"{path}{METADATA}"]
    assert issuer.asked == [*places[: places.index(place) + 1], KEYS]


async def test_one_doorward_can_trust_another(make_service: MakeService, own_database: str, issuer: Issuer) -> None:
    """The issuer serves the documents of the other service over the network."""
    other = Provider(await make_service(database_url=own_database, public_url=issuer.url))
    for path in (OAUTH_METADATA, METADATA, "/oauth/jwks"):
        answer = await other.service.client.get(path)
        issuer.answers[path] = document(answer.content if answer.status_code == 200 else None)
    await other.resource(AUDIENCE, "shop:read", "shop:write")
    service = await make_service(
        trusted_issuers=trusting(issuer.entry(roles={"shop:read": ["items:read"], "shop:write": ["items:write"]}))
    )
    reader = await other.machine(scopes=("shop:read",), resources=(AUDIENCE,))
    token = await reader.token(resource=AUDIENCE)
    assert (await service.items(token)).status_code == 200
    assert (await service.items(token, "POST", json={"title": "Bread"})).status_code == 403
    assert (await service.items(await (await other.machine()).token())).status_code == 401
    assert issuer.asked == [OAUTH_METADATA, "/oauth/jwks"]
