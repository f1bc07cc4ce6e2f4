"""The Doorward object of a service: its settings, and verification without a web framework."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from doorward_client import (
    CurrentUser,
    Doorward,
    IntrospectionUnavailableError,
    InvalidTokenError,
)
from doorward_client.exceptions import FetchError
from doorward_client.key_sets import FetchedKeys
from doorward_client.testing import Issuer, ProofKey
from doorward_client.transports import ClientCredentials
from tests.unit.client_library.service import Unreachable
from tests.unit.client_library.signing import AUDIENCE, ISSUER


def connected(issuer: Issuer, audience: Any = AUDIENCE, **settings: Any) -> Doorward:
    auth = Doorward(ISSUER, audience, **settings)
    issuer.connect(auth)
    return auth


async def test_a_valid_token_returns_the_current_user(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer)
    token = doorward_issuer.token(
        "ada", "orders:read orders:write", sid="session-1", acr="2", amr=["pwd", "otp"], auth_time=1_800_000_000
    )
    user = await auth.verify(token)
    assert user == CurrentUser(
        sub="ada",
        scopes=frozenset({"orders:read", "orders:write"}),
        client_id="dwc_test",
        session_id="session-1",
        acr="2",
        amr=("pwd", "otp"),
        auth_time=datetime.fromtimestamp(1_800_000_000, UTC),
        claims=user.claims,
    )
    assert user.claims["jti"]
    assert not user.is_client
    assert "claims" not in repr(user)


async def test_a_token_of_a_client_has_no_user_and_no_sign_in(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer)
    token = doorward_issuer.token(
        "dwc_cron", "orders:read", client_id="dwc_cron", sid=None, acr=None, amr=None, auth_time=None
    )
    user = await auth.verify(token)
    assert user.is_client
    assert (user.session_id, user.acr, user.amr, user.auth_time) == (None, None, (), None)


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": ["orders:read"]},
        {"client_id": 1},
        {"sid": 1},
        {"acr": 2},
        {"amr": "pwd"},
        {"amr": [1]},
        {"auth_time": "1800000000"},
        {"auth_time": True},
        {"auth_time": 10**15},
        {"jti": None},
        {"iss": "https://other.example"},
        {"aud": "https://other.example"},
        {"exp": None},
    ],
    ids=str,
)
async def test_a_token_with_an_invalid_claim_is_refused(doorward_issuer: Issuer, claims: dict[str, Any]) -> None:
    auth = connected(doorward_issuer)
    with pytest.raises(InvalidTokenError):
        await auth.verify(doorward_issuer.token("ada", **claims))


async def test_a_service_may_have_several_audiences(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer, audience=[AUDIENCE, "doorward"])
    for audience in (AUDIENCE, "doorward"):
        assert await auth.verify(doorward_issuer.token("ada", audience=audience))
    with pytest.raises(InvalidTokenError):
        await auth.verify(doorward_issuer.token("ada", audience="https://other.example"))


async def test_only_the_named_algorithms_are_accepted(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer, algorithms=("RS256",))
    with pytest.raises(InvalidTokenError):
        await auth.verify(doorward_issuer.token("ada"))


async def test_tokens_survive_one_rotation_of_the_issuers_keys(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer)
    before = doorward_issuer.token("ada")
    await auth.verify(before)
    doorward_issuer.rotate()
    for token in (before, doorward_issuer.token("ada")):
        assert await auth.verify(token)
    doorward_issuer.rotate()
    with pytest.raises(InvalidTokenError):
        await auth.verify(before)


async def test_an_expired_token_of_the_test_issuer_is_refused(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer)
    with pytest.raises(InvalidTokenError, match="expired"):
        await auth.verify(doorward_issuer.expired("ada", "orders:read"))


async def test_a_token_of_another_test_issuer_is_refused(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer)
    with pytest.raises(InvalidTokenError):
        await auth.verify(Issuer(ISSUER, AUDIENCE).token("ada"))


async def test_a_test_issuer_has_one_audience(doorward_issuer: Issuer) -> None:
    connected(doorward_issuer)
    connected(doorward_issuer)
    with pytest.raises(ValueError, match="Another service"):
        connected(doorward_issuer, audience="https://other.example")


async def test_a_test_issuer_has_no_other_documents(doorward_issuer: Issuer) -> None:
    with pytest.raises(FetchError):
        await doorward_issuer.get(f"{ISSUER}/.well-known/openid-configuration")
    with pytest.raises(FetchError):
        await doorward_issuer.post(f"{ISSUER}/oauth/token", {}, ClientCredentials("dwc_orders", "dws_secret"))


async def test_live_verification_refuses_a_revoked_token(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer, client_id="dwc_orders", client_secret="dws_secret")
    token = doorward_issuer.token("ada")
    doorward_issuer.revoke(token)
    assert await auth.verify(token)
    with pytest.raises(InvalidTokenError, match="active"):
        await auth.verify(token, live=True)


async def test_live_verification_adds_no_scope_to_those_of_the_token(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer, client_id="dwc_orders", client_secret="dws_secret")
    keys = doorward_issuer.get

    class WithMoreScopes(Unreachable):
        async def get(self, address: str) -> FetchedKeys:
            return await keys(address)

        async def post(self, _address: str, _form: Mapping[str, str], _credentials: ClientCredentials) -> bytes:
            return b'{"active": true, "scope": "orders:read orders:refund"}'

    auth.use_transport(WithMoreScopes())
    user = await auth.verify(doorward_issuer.token("ada", "orders:read orders:write"), live=True)
    assert user.scopes == {"orders:read"}


async def test_live_verification_refuses_a_forged_token_as_malformed(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer, client_id="dwc_orders", client_secret="dws_secret")
    with pytest.raises(InvalidTokenError, match="malformed"):
        await auth.verify("forged", live=True)


async def test_live_verification_fails_without_a_response(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer, client_id="dwc_orders", client_secret="dws_secret")
    token = doorward_issuer.token("ada")
    keys = doorward_issuer.get

    class WithoutIntrospection(Unreachable):
        async def get(self, address: str) -> FetchedKeys:
            return await keys(address)

    auth.use_transport(WithoutIntrospection())
    assert await auth.verify(token)
    with pytest.raises(IntrospectionUnavailableError):
        await auth.verify(token, live=True)


def test_one_object_serves_several_event_loops(doorward_issuer: Issuer) -> None:
    auth = connected(doorward_issuer)
    token = doorward_issuer.token("ada")
    assert {asyncio.run(auth.verify(token)).sub for _ in range(3)} == {"ada"}


@pytest.mark.parametrize(
    ("issuer", "settings"),
    [
        ("", {}),
        ("accounts.example", {}),
        ("ftp://accounts.example", {}),
        ("http://accounts.example", {}),
        ("http://localhost.example", {}),
        ("https://", {}),
        ("https://user@accounts.example", {}),
        ("https://accounts.example#top", {}),
        ("https://accounts.example/a b", {}),
        ("https://accounts.example\\@evil.example", {}),
        ("https://accounts.example:99999", {}),
        ("https://accounts.example:0", {}),
        ("https://accöunts.example", {}),
        (ISSUER, {"audience": ""}),
        (ISSUER, {"audience": []}),
        (ISSUER, {"algorithms": ()}),
        (ISSUER, {"algorithms": ("HS256",)}),
        (ISSUER, {"algorithms": ("none",)}),
        (ISSUER, {"algorithms": "ES256"}),
        (ISSUER, {"client_id": "dwc_orders"}),
        (ISSUER, {"client_secret": "dws_secret"}),
        (ISSUER, {"client_id": "dwc_orders", "client_secret": ""}),
        (ISSUER, {"internal_url": "doorward:8080"}),
        (ISSUER, {"public_url": "orders.example"}),
        (ISSUER, {"public_url": "https://orders.example/?a"}),
        (ISSUER, {"public_url": "https://orders.example/#a"}),
        (ISSUER, {"audience": "orders", "bound_tokens_only": True}),
    ],
    ids=str,
)
def test_invalid_settings_are_refused(issuer: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Doorward(**{"issuer": issuer, "audience": AUDIENCE, **settings})


@pytest.mark.parametrize(
    "issuer",
    [ISSUER, f"{ISSUER}/", f"{ISSUER}/auth", "http://localhost:8000", "http://127.0.0.2:1", "http://[::1]:8000"],
)
def test_an_issuer_has_https_or_a_loopback_address(issuer: str) -> None:
    assert Doorward(issuer, AUDIENCE, internal_url="http://doorward:8080").issuer == issuer


@pytest.mark.parametrize(("audience", "is_accepted"), [("doorward", False), ("http://orders.internal:9000/x", True)])
async def test_a_service_without_a_url_accepts_no_bound_tokens(
    doorward_issuer: Issuer, audience: str, *, is_accepted: bool
) -> None:
    auth, key = Doorward(ISSUER, audience), ProofKey()
    doorward_issuer.connect(auth)

    app = FastAPI(dependencies=[auth.user()])
    app.add_api_route("/orders", lambda: None)
    token = doorward_issuer.token("ada", cnf=key.confirmation)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://orders.internal:9000") as client:
        answer = await client.get("/orders", headers=key.headers("GET", "http://orders.internal:9000/orders", token))
    assert answer.status_code == (200 if is_accepted else 401)
    assert is_accepted or answer.json()["code"] == "invalid_dpop_proof"


def test_no_representation_contains_the_secret() -> None:
    auth = Doorward(ISSUER, AUDIENCE, client_id="dwc_orders", client_secret="dws_secret")
    assert "dws_secret" not in repr(auth) + repr(vars(auth))
