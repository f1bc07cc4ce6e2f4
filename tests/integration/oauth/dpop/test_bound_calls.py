"""Calls with tokens that are bound to a key (DPoP, RFC 9449): the token is refused without the key."""

from typing import Any

import pytest

from development.client import Person
from tests.integration.oauth.browsers import Application, Browser, application, signed_in
from tests.integration.oauth.devices import GRANT, GRANTS, begin, decide
from tests.integration.oauth.dpop.key_holders import (
    ME,
    NATIVE,
    USERINFO,
    KeyHolder,
    is_challenged,
)
from tests.integration.oauth.provider import ISSUER, Provider, is_oauth_error
from tests.integration.service import MakeService, claims_of


class TestRoutes:
    @pytest.mark.parametrize("path", [ME, USERINFO])
    async def test_a_bound_token_is_refused_without_its_key(
        self, app: Application, holder: KeyHolder, tokens: dict[str, Any], path: str
    ) -> None:
        token, client = tokens["access_token"], app.provider.service.client
        other = KeyHolder(app.provider)
        assert is_challenged(await client.get(path, headers={"Authorization": f"Bearer {token}"}), "invalid_token")
        both = {"Authorization": f"Bearer {token}", "DPoP": holder.proof("GET", path, token)}
        assert is_challenged(await client.get(path, headers=both), "invalid_token")
        assert is_challenged(await client.get(path, headers={"Authorization": f"DPoP {token}"}), "invalid_dpop_proof")
        assert is_challenged(await other.call(path, token), "invalid_token", "Bearer")
        wrong = (
            holder.proof("GET", path),
            holder.proof("GET", path, f"{token}x"),
            holder.proof("POST", path, token),
            holder.proof("GET", "/api/v1/items", token),
        )
        for proof in wrong:
            assert is_challenged(await holder.call(path, token, proof=proof), "invalid_dpop_proof")
        assert (await holder.call(path, token)).status_code == 200

    async def test_an_unbound_token_is_refused_under_the_dpop_scheme(
        self, lasting_provider: Provider, holder: KeyHolder
    ) -> None:
        _, pair = await lasting_provider.service.register_and_log_in()
        assert is_challenged(await holder.call(ME, pair.access), "invalid_token", "Bearer")
        assert (await lasting_provider.service.get_me(pair.access)).status_code == 200

    @pytest.mark.parametrize("spelling", ["DPoP  {}", "dpop {} ", "DPoP {}\t", " DPoP {}"])
    async def test_white_space_around_scheme_and_token_is_ignored(
        self, app: Application, holder: KeyHolder, tokens: dict[str, Any], spelling: str
    ) -> None:
        token = tokens["access_token"]
        headers = {"Authorization": spelling.format(token), "DPoP": holder.proof("GET", ME, token)}
        assert (await app.provider.service.client.get(ME, headers=headers)).status_code == 200

    async def test_two_proofs_are_refused(self, app: Application, holder: KeyHolder, tokens: dict[str, Any]) -> None:
        token = tokens["access_token"]
        proofs = [("DPoP", holder.proof("GET", ME, token)) for _ in range(2)]
        headers = [("Authorization", f"DPoP {token}"), *proofs]
        assert is_challenged(await app.provider.service.client.get(ME, headers=headers), "invalid_dpop_proof")

    @pytest.mark.parametrize(
        ("path", "field", "others"),
        [
            ("/api/v1/account/reauthenticate", "password", {}),
            ("/api/v1/account/password", "current_password", {"new_password": "three red kites circling"}),
        ],
    )
    async def test_the_new_tokens_of_a_continued_session_are_bound_too(
        self,
        app: Application,
        holder: KeyHolder,
        tokens: dict[str, Any],
        person: Person,
        path: str,
        field: str,
        others: dict[str, str],
    ) -> None:
        token, body = tokens["access_token"], {field: person.password, **others}
        headers = {"Authorization": f"DPoP {token}", "DPoP": holder.proof("POST", path, token)}
        answer = await app.provider.service.client.post(path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        renewed = answer.json()
        assert claims_of(renewed["access_token"])["cnf"] == {"jkt": holder.thumbprint}
        assert is_oauth_error(await app.refresh_publicly(renewed["refresh_token"]), "invalid_grant")
        assert (await holder.refresh(app, renewed["refresh_token"])).status_code == 200


async def test_a_device_gets_bound_tokens(lasting_provider: Provider, holder: KeyHolder, browser: Browser) -> None:
    tv = await application(lasting_provider, **NATIVE, grant_types=GRANTS, redirect_uris=())
    shown = await begin(tv, scope="openid offline_access")
    await signed_in(browser, lasting_provider)
    await decide(browser, shown["user_code"])
    body = (await holder.ask(tv, grant_type=GRANT, device_code=shown["device_code"])).json()
    assert body["token_type"] == "DPoP"
    assert (await holder.call(USERINFO, body["access_token"])).status_code == 200
    assert is_oauth_error(await tv.refresh_publicly(body["refresh_token"]), "invalid_grant")
    assert (await holder.refresh(tv, body["refresh_token"])).status_code == 200


async def test_introspection_returns_the_thumbprint_of_the_key(lasting_provider: Provider, holder: KeyHolder) -> None:
    machine = await lasting_provider.machine()
    answer = await holder.ask(Application(lasting_provider, machine), grant_type="client_credentials")
    claims = (await machine.post("/oauth/introspect", token=answer.json()["access_token"])).json()
    assert (claims["active"], claims["token_type"], claims["cnf"]) == (True, "DPoP", {"jkt": holder.thumbprint})


async def test_the_metadata_list_the_proof_algorithms(lasting_provider: Provider) -> None:
    described = (await lasting_provider.service.client.get("/.well-known/oauth-authorization-server")).json()
    assert described["dpop_signing_alg_values_supported"] == ["ES256", "RS256"]
    assert described["issuer"] == ISSUER


async def test_without_the_provider_the_dpop_scheme_is_not_supported(make_service: MakeService) -> None:
    service = await make_service()
    _, pair = await service.register_and_log_in()
    answer = await service.client.get(ME, headers={"Authorization": f"DPoP {pair.access}", "DPoP": "x"})
    assert answer.json()["code"] == "missing_access_token"
