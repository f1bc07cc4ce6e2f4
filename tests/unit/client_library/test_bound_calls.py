"""Requests with key-bound tokens (DPoP, RFC 9449) to a FastAPI service and to a protected application."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from doorward_client import (
    BoundTokenError,
    CurrentUser,
    Doorward,
    InvalidProofError,
    InvalidTokenError,
    PresentedProof,
)
from doorward_client.testing import Issuer, ProofKey
from tests.unit.client_library.signing import ISSUER

SERVICE: Final = "https://orders.example"
PATH: Final = "/orders/{name}"
URL: Final = f"{SERVICE}/orders/a%20b"
ALGORITHMS: Final = 'algs="ES256 RS256"'


def fastapi_service(auth: Doorward) -> Any:
    app = FastAPI(dependencies=[auth.user()])

    @app.get(PATH)
    async def read_order(user: Annotated[CurrentUser, auth.require_scope("orders:read")], name: str) -> list[str]:
        return [user.sub, name]

    return app


def protected_application(auth: Doorward) -> Any:
    async def read_order(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f'["{request.state.user.sub}","{request.path_params["name"]}"]')

    return auth.protect(Starlette(routes=[Route(PATH, read_order)]), "orders:read")


Make = Callable[[Doorward], Any]
pytestmark = pytest.mark.parametrize("make", [fastapi_service, protected_application])


class Bound:
    """A service, and the holder of a key with a token that is bound to it."""

    def __init__(self, make: Make, issuer: Issuer, **settings: Any) -> None:
        self.auth = Doorward(**{"issuer": ISSUER, "audience": SERVICE, **settings})
        issuer.connect(self.auth)
        self.app = make(self.auth)
        self.issuer = issuer
        self.key = ProofKey()
        self.token = issuer.token("ada", "orders:read", cnf=self.key.confirmation)

    def proof(self, method: str = "GET", url: str = URL, **claims: object) -> str:
        return self.key.proof(method, url, self.token, **claims)

    async def call(self, *headers: tuple[str, str], name: str = "a%20b") -> httpx2.Response:
        """Request an order under a host that differs from the service's public URL."""
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://internal.example") as client:
            return await client.get(f"/orders/{name}?page=1", headers=list(headers))

    async def call_by(self, scheme: str, token: str | None = None, proof: str | None = None) -> httpx2.Response:
        headers = (("Authorization", f"{scheme} {token or self.token}"), ("DPoP", proof or self.proof()))
        return await self.call(*headers)


@pytest.fixture
def bound(make: Make, doorward_issuer: Issuer) -> Bound:
    return Bound(make, doorward_issuer)


def is_refused(answer: httpx2.Response, code: str, error: str, scheme: str = "DPoP") -> bool:
    challenge = answer.headers["WWW-Authenticate"]
    return (
        (answer.status_code, answer.json()["code"]) == (401, code)
        and challenge.startswith(f'{scheme} realm="doorward"')
        and f'error="{error}"' in challenge
        and (ALGORITHMS in challenge) is (scheme == "DPoP")
    )


def is_refused_proof(answer: httpx2.Response) -> bool:
    return is_refused(answer, "invalid_dpop_proof", "invalid_dpop_proof")


async def test_a_bound_token_is_accepted_with_a_proof_for_the_public_url(bound: Bound) -> None:
    for scheme in ("DPoP", "dpop"):
        answer = await bound.call_by(scheme)
        assert (answer.status_code, answer.json()) == (200, ["ada", "a b"])


async def test_a_path_is_compared_in_its_encoded_form(bound: Bound) -> None:
    for name, named, status in (("a%2Bb", "a%2Bb", 200), ("a+b", "a+b", 200), ("a%2Bb", "a+b", 401)):
        proof = bound.proof(url=f"{SERVICE}/orders/{named}")
        answer = await bound.call(("Authorization", f"DPoP {bound.token}"), ("DPoP", proof), name=name)
        assert answer.status_code == status


async def test_a_bound_token_is_refused_with_the_bearer_scheme(bound: Bound) -> None:
    refused = await bound.call(("Authorization", f"Bearer {bound.token}"))
    assert is_refused(refused, "bound_access_token", "invalid_token")
    assert is_refused(await bound.call_by("Bearer"), "bound_access_token", "invalid_token")


async def test_an_unbound_token_is_refused_with_the_dpop_scheme(bound: Bound) -> None:
    token = bound.issuer.token("ada", "orders:read")
    proof = bound.key.proof("GET", URL, token)
    assert is_refused(await bound.call_by("DPoP", token, proof), "invalid_access_token", "invalid_token")
    assert (await bound.call_by("Bearer", token)).status_code == 200


async def test_a_proof_with_another_key_is_refused(bound: Bound) -> None:
    proof = ProofKey().proof("GET", URL, bound.token)
    assert is_refused(await bound.call_by("DPoP", proof=proof), "invalid_access_token", "invalid_token")


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "POST"},
        {"url": "http://internal.example/orders/a%20b"},
        {"url": "https://orders.example/orders/a"},
        {"url": "https://orders.example/orders/a b"},
        {"iat": 1},
        {"iat": None},
        {"jti": None},
        {"ath": None},
        {"ath": "x"},
    ],
    ids=str,
)
async def test_a_proof_for_another_request_is_refused(bound: Bound, changes: dict[str, Any]) -> None:
    assert is_refused_proof(await bound.call_by("DPoP", proof=bound.proof(**changes)))


async def test_a_proof_is_accepted_once(bound: Bound) -> None:
    proof = bound.proof()
    assert (await bound.call_by("DPoP", proof=proof)).status_code == 200
    assert is_refused_proof(await bound.call_by("DPoP", proof=proof))
    assert (await bound.call_by("DPoP")).status_code == 200


async def test_a_proof_is_recorded_once_for_a_request_through_several_layers(bound: Bound) -> None:
    bound.app = bound.auth.protect(bound.app)
    proof = bound.proof()
    assert (await bound.call_by("DPoP", proof=proof)).status_code == 200
    assert is_refused_proof(await bound.call_by("DPoP", proof=proof))


async def test_exactly_one_proof_is_required(bound: Bound) -> None:
    scheme = ("Authorization", f"DPoP {bound.token}")
    assert is_refused_proof(await bound.call(scheme))
    assert is_refused_proof(await bound.call(scheme, ("DPoP", "")))
    assert is_refused_proof(await bound.call(scheme, ("DPoP", bound.proof()), ("DPoP", bound.proof())))


@pytest.mark.parametrize("cnf", [None, {"x5t#S256": "x"}, {"jkt": ""}, {}, "x"], ids=str)
async def test_a_token_that_is_bound_by_another_method_is_refused_with_both_schemes(bound: Bound, cnf: object) -> None:
    confirmation = cnf if cnf is not None else {**bound.key.confirmation, "kid": "x"}
    token = bound.issuer.token("ada", "orders:read", cnf=confirmation)
    proof = bound.key.proof("GET", URL, token)
    assert is_refused(await bound.call_by("Bearer", token), "invalid_access_token", "invalid_token", "Bearer")
    assert is_refused(await bound.call_by("DPoP", token, proof), "invalid_access_token", "invalid_token")


async def test_a_missing_scope_is_reported_with_the_scheme_of_the_request(bound: Bound) -> None:
    token = bound.issuer.token("ada", cnf=bound.key.confirmation)
    answer = await bound.call_by("DPoP", token, bound.key.proof("GET", URL, token))
    assert answer.status_code == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("DPoP ")
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="orders:read"' in challenge


async def test_a_service_may_accept_only_bound_tokens(make: Make, doorward_issuer: Issuer) -> None:
    bound = Bound(make, doorward_issuer, bound_tokens_only=True)
    assert (await bound.call_by("DPoP")).status_code == 200
    token = doorward_issuer.token("ada", "orders:read")
    assert is_refused(await bound.call_by("Bearer", token), "invalid_access_token", "invalid_token")
    missing = await bound.call()
    assert (missing.status_code, missing.json()["code"]) == (401, "missing_access_token")
    assert missing.headers["WWW-Authenticate"].startswith('DPoP realm="doorward"')
    assert ALGORITHMS in missing.headers["WWW-Authenticate"]
    described = bound.auth.describe().document()
    assert described["dpop_bound_access_tokens_required"] is True
    assert described["dpop_signing_alg_values_supported"] == ["ES256", "RS256"]


async def test_the_public_url_of_a_service_can_be_set(make: Make, doorward_issuer: Issuer) -> None:
    bound = Bound(make, doorward_issuer, public_url="https://api.example/v1/")
    assert is_refused_proof(await bound.call_by("DPoP"))
    proof = bound.proof(url="https://api.example/v1/orders/a%20b")
    assert (await bound.call_by("DPoP", proof=proof)).status_code == 200


async def test_a_server_that_omits_the_raw_path_is_supported(bound: Bound) -> None:
    original = bound.app

    async def without_raw_path(scope: Any, receive: Any, send: Any) -> None:
        await original({name: value for name, value in scope.items() if name != "raw_path"}, receive, send)

    bound.app = without_raw_path
    assert (await bound.call_by("DPoP")).status_code == 200
    assert is_refused_proof(await bound.call_by("DPoP", proof=bound.proof(url="https://orders.example/orders/a")))


async def test_verification_without_a_framework_checks_the_proof(bound: Bound) -> None:
    proof = PresentedProof(bound.proof(), "GET", URL)
    user = await bound.auth.verify(bound.token, proof=proof)
    assert (user.sub, user.thumbprint) == ("ada", bound.key.confirmation["jkt"])
    assert proof.text not in repr(proof)
    with pytest.raises(InvalidProofError):
        await bound.auth.verify(bound.token, proof=proof)
    with pytest.raises(BoundTokenError):
        await bound.auth.verify(bound.token)
    expired = bound.issuer.expired("ada", cnf=bound.key.confirmation)
    with pytest.raises(InvalidTokenError, match="expired"):
        await bound.auth.verify(expired, proof=PresentedProof(bound.key.proof("GET", URL, expired), "GET", URL))
