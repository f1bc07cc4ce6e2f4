"""Tokens of trusted issuers that are bound to a key (DPoP, RFC 9449): a token is refused without its key."""

from typing import Any, Final

import httpx
import pytest

from development.client import ITEMS
from doorward_client.testing import ProofKey
from tests.integration.federation.conftest import Trusting
from tests.integration.federation.issuer import Issuer, trusting
from tests.integration.service import FakeClock, MakeService, is_problem

PUBLIC_URL: Final = "http://localhost:8000"


class Holder:
    """The holder of a key at an application that trusts the issuer."""

    def __init__(self, trusting_service: Trusting, clock: FakeClock) -> None:
        self.at = trusting_service
        self.clock = clock
        self.key = ProofKey()
        self.subject = trusting_service.subject()

    def token(self, **claims: Any) -> str:
        return self.at.issuer.token(**{"sub": self.subject, "cnf": self.key.confirmation, **claims})

    def proof(self, token: str, method: str = "GET", path: str = ITEMS, **claims: Any) -> str:
        made_at = {"iat": int(self.clock.now().timestamp())}
        return self.key.proof(method, f"{PUBLIC_URL}{path}", token, **{**made_at, **claims})

    async def call(self, scheme: str, token: str, proof: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"{scheme} {token}"} | ({} if proof is None else {"DPoP": proof})
        return await self.at.service.client.get(ITEMS, headers=headers)

    def users(self) -> int:
        return len(self.at.users_of(self.subject))


@pytest.fixture
async def holder(make_service: MakeService, issuer: Issuer, clock: FakeClock) -> Holder:
    entries = trusting(issuer.entry())
    service = await make_service(trusted_issuers=entries, public_url=PUBLIC_URL)
    return Holder(Trusting(service, issuer), clock)


async def test_a_bound_token_of_a_trusted_issuer_requires_a_proof_of_its_key(holder: Holder) -> None:
    token, other = holder.token(), ProofKey()
    refused = await holder.call("Bearer", token)
    assert is_problem(refused, 401, "bound_access_token")
    assert refused.headers["www-authenticate"].startswith("DPoP ")
    assert is_problem(await holder.call("Bearer", token, holder.proof(token)), 401, "bound_access_token")
    wrong = (
        None,
        "",
        holder.proof(token, method="POST"),
        holder.proof(token, path="/api/v1/auth/me"),
        holder.proof(holder.token()),
        holder.proof(token, iat=int(holder.clock.now().timestamp()) - 90),
    )
    for proof in wrong:
        answer = await holder.call("DPoP", token, proof)
        assert is_problem(answer, 401, "invalid_dpop_proof")
        assert 'algs="ES256 RS256"' in answer.headers["www-authenticate"]
    made_at = int(holder.clock.now().timestamp())
    stolen = other.proof("GET", f"{PUBLIC_URL}{ITEMS}", token, iat=made_at)
    assert is_problem(await holder.call("DPoP", token, stolen), 401, "invalid_access_token")
    assert holder.users() == 0, "a refused call creates no user"
    assert (await holder.call("DPoP", token, holder.proof(token))).status_code == 200
    assert holder.users() == 1


async def test_an_unbound_token_of_a_trusted_issuer_is_refused_under_the_dpop_scheme(holder: Holder) -> None:
    token = holder.token(cnf=None)
    assert is_problem(await holder.call("DPoP", token, holder.proof(token)), 401, "invalid_access_token")
    assert (await holder.call("Bearer", token)).status_code == 200


async def test_a_token_of_a_trusted_issuer_with_another_kind_of_binding_is_refused(holder: Holder) -> None:
    for confirmation in ({"x5t#S256": "x"}, {}, "x", {"jkt": ""}, {**holder.key.confirmation, "kid": "x"}):
        token = holder.token(cnf=confirmation)
        assert is_problem(await holder.call("Bearer", token), 401, "invalid_access_token")
        assert is_problem(await holder.call("DPoP", token, holder.proof(token)), 401, "invalid_access_token")


async def test_without_a_public_address_bound_tokens_are_refused(trusting_service: Trusting, clock: FakeClock) -> None:
    holder = Holder(trusting_service, clock)
    token = holder.token()
    assert is_problem(await holder.call("Bearer", token), 401, "bound_access_token")
    assert (await holder.call("DPoP", token, holder.proof(token))).status_code == 401
    assert holder.users() == 0
