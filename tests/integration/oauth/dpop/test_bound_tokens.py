"""Tokens that are bound to a key (DPoP, RFC 9449): how they are issued and refreshed."""

import asyncio
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from development.client import Person
from tests.integration.oauth.browsers import Application, Browser, answer_of, application, forwarded, signed_in
from tests.integration.oauth.dpop.key_holders import (
    ME,
    SCOPES,
    KeyHolder,
    is_challenged,
    is_refused_proof,
)
from tests.integration.oauth.provider import TOKEN, Provider, is_oauth_error
from tests.integration.service import Logs, claims_of, events, statuses

PAR = "/oauth/par"


class TestTokenEndpoint:
    async def test_a_code_exchanged_with_a_proof_starts_a_bound_session(
        self, holder: KeyHolder, tokens: dict[str, Any]
    ) -> None:
        assert tokens["token_type"] == "DPoP"
        assert claims_of(tokens["access_token"])["cnf"] == {"jkt": holder.thumbprint}
        assert "cnf" not in claims_of(tokens["id_token"])
        assert (await holder.call(ME, tokens["access_token"])).status_code == 200

    async def test_tokens_are_unbound_without_a_proof(self, app: Application, browser: Browser, person: Person) -> None:
        body = (await app.exchange(await app.code(browser, person, scope=SCOPES))).json()
        assert body["token_type"] == "Bearer"
        assert "cnf" not in claims_of(body["access_token"])

    async def test_an_rsa_key_is_accepted(self, lasting_provider: Provider) -> None:
        holder = KeyHolder(lasting_provider, generate_private_key(65537, 2048))
        machine = await lasting_provider.machine()
        answer = await holder.ask(Application(lasting_provider, machine), grant_type="client_credentials")
        assert claims_of(answer.json()["access_token"])["cnf"] == {"jkt": holder.thumbprint}

    async def test_a_client_gets_a_bound_token_for_itself(self, lasting_provider: Provider, holder: KeyHolder) -> None:
        machine = await lasting_provider.machine()
        body = (await holder.ask(Application(lasting_provider, machine), grant_type="client_credentials")).json()
        assert body["token_type"] == "DPoP"
        token = body["access_token"]
        assert (await holder.call("/api/v1/items", token)).status_code == 200
        answer = await lasting_provider.service.client.get(
            "/api/v1/items", headers={"Authorization": f"Bearer {token}"}
        )
        assert is_challenged(answer, "invalid_token")

    async def test_a_proof_works_once_even_in_concurrent_calls(
        self, lasting_provider: Provider, holder: KeyHolder
    ) -> None:
        machine = Application(lasting_provider, await lasting_provider.machine())
        proof = holder.proof("POST", TOKEN)
        calls = [holder.ask(machine, proof, grant_type="client_credentials") for _ in range(5)]
        answers = await asyncio.gather(*calls)
        assert statuses(answers) == [200, 400, 400, 400, 400]
        assert all(is_refused_proof(answer) for answer in answers if answer.status_code == 400)

    async def test_two_keys_may_use_the_same_jti(self, lasting_provider: Provider, holder: KeyHolder) -> None:
        machine, other = Application(lasting_provider, await lasting_provider.machine()), KeyHolder(lasting_provider)
        for each in (holder, other):
            proof = each.proof("POST", TOKEN, jti="the same")
            assert (await each.ask(machine, proof, grant_type="client_credentials")).status_code == 200

    async def test_an_invalid_proof_is_refused_and_keeps_the_code_valid(
        self, app: Application, holder: KeyHolder, browser: Browser, person: Person
    ) -> None:
        code = await app.code(browser, person, scope=SCOPES)
        for proof in ("", "x", holder.proof("GET", TOKEN), holder.proof("POST", "/oauth/par")):
            assert is_refused_proof(await holder.exchange(app, code, proof or "."))
        assert (await holder.exchange(app, code)).status_code == 200

    async def test_two_proofs_are_refused(self, lasting_provider: Provider, holder: KeyHolder) -> None:
        machine = await lasting_provider.machine()
        headers = [("DPoP", holder.proof("POST", TOKEN)), ("DPoP", holder.proof("POST", TOKEN))]
        answer = await lasting_provider.service.client.post(
            TOKEN, data={"grant_type": "client_credentials"}, auth=(machine.id, machine.secret), headers=headers
        )
        assert is_refused_proof(answer)


class TestBoundCodes:
    @pytest.mark.parametrize("is_pushed", [False, True])
    async def test_a_code_is_bound_to_the_key_of_its_request(
        self, app: Application, holder: KeyHolder, browser: Browser, *, is_pushed: bool
    ) -> None:
        await signed_in(browser, app.provider)
        for other in (None, KeyHolder(app.provider)):
            code = await self.bound_code(app, holder, browser, is_pushed=is_pushed)
            answer = await (app.exchange(code) if other is None else other.exchange(app, code))
            assert is_oauth_error(answer, "invalid_grant")
            assert is_oauth_error(await holder.exchange(app, code), "invalid_grant")
        code = await self.bound_code(app, holder, browser, is_pushed=is_pushed)
        assert (await holder.exchange(app, code)).json()["token_type"] == "DPoP"

    async def bound_code(self, app: Application, holder: KeyHolder, browser: Browser, *, is_pushed: bool) -> str:
        address = app.address(scope=SCOPES, dpop_jkt=holder.thumbprint)
        if is_pushed:
            headers = {"DPoP": holder.proof("POST", PAR)}
            answer = await app.provider.post(PAR, app.parameters(scope=SCOPES), headers=headers)
            assert answer.status_code == 201, answer.text
            address = f"/oauth/authorize?client_id={app.id}&request_uri={answer.json()['request_uri']}"
        page = await browser.get(address)
        to = page.headers.get("location")
        return answer_of(to or forwarded(await browser.send(page, decision="allow")))["code"]

    async def test_a_pushed_thumbprint_must_be_that_of_the_proof(self, app: Application, holder: KeyHolder) -> None:
        form = app.parameters(scope=SCOPES, dpop_jkt=KeyHolder(app.provider).thumbprint)
        answer = await app.provider.post(PAR, form, headers={"DPoP": holder.proof("POST", PAR)})
        assert is_refused_proof(answer)
        form["dpop_jkt"] = holder.thumbprint
        headers = {"DPoP": holder.proof("POST", PAR)}
        assert (await app.provider.post(PAR, form, headers=headers)).status_code == 201
        assert is_refused_proof(await app.provider.post(PAR, form, headers=headers))

    async def test_an_invalid_thumbprint_is_an_invalid_request(self, app: Application, browser: Browser) -> None:
        answer = await browser.get(app.address(scope=SCOPES, dpop_jkt="x" * 42))
        assert answer_of(answer.headers["location"])["error"] == "invalid_request"


class TestRefresh:
    async def test_keycloak_36475_a_bound_refresh_without_its_proof_is_refused_and_ends_no_session(
        self, app: Application, holder: KeyHolder, tokens: dict[str, Any], logs: Logs
    ) -> None:
        token = tokens["refresh_token"]
        for attempt in (app.refresh_publicly(token), KeyHolder(app.provider).refresh(app, token)):
            assert is_oauth_error(await attempt, "invalid_grant")
        assert [event["reason"] for event in events(logs, "auth.refresh.refused")] == ["key", "key"]
        second = await holder.refresh(app, token)
        assert second.json()["token_type"] == "DPoP"
        assert claims_of(second.json()["access_token"])["cnf"] == {"jkt": holder.thumbprint}
        # Without the key a used token is refused before reuse is checked.
        assert is_oauth_error(await app.refresh_publicly(token), "invalid_grant")
        third = await holder.refresh(app, second.json()["refresh_token"])
        assert third.status_code == 200

    async def test_a_used_token_with_its_proof_ends_the_session(
        self, app: Application, holder: KeyHolder, tokens: dict[str, Any]
    ) -> None:
        token = tokens["refresh_token"]
        for _ in range(2):
            token = (await holder.refresh(app, token)).json()["refresh_token"]
        assert is_oauth_error(await holder.refresh(app, tokens["refresh_token"]), "invalid_grant")
        assert is_oauth_error(await holder.refresh(app, token), "invalid_grant")

    async def test_an_unbound_session_becomes_bound_with_its_first_proof(
        self, app: Application, holder: KeyHolder, browser: Browser, person: Person
    ) -> None:
        first = (await app.exchange(await app.code(browser, person, scope=SCOPES))).json()
        second = (await holder.refresh(app, first["refresh_token"])).json()
        assert second["token_type"] == "DPoP"
        assert is_oauth_error(await app.refresh_publicly(second["refresh_token"]), "invalid_grant")

    async def test_a_session_of_the_built_in_client_can_be_bound_and_then_requires_the_key(
        self, lasting_provider: Provider, holder: KeyHolder
    ) -> None:
        _, first = await lasting_provider.service.register_and_log_in()
        form = {"grant_type": "refresh_token", "client_id": "doorward", "refresh_token": first.refresh}
        proven = {"DPoP": holder.proof("POST", TOKEN)}
        second = (await lasting_provider.post(TOKEN, form, headers=proven)).json()
        assert (await lasting_provider.service.post_refresh(second["refresh_token"])).status_code == 401
        assert (await lasting_provider.service.get_me(second["access_token"])).status_code == 401
        assert (await holder.call(ME, second["access_token"])).status_code == 200
        form["refresh_token"] = second["refresh_token"]
        proven = {"DPoP": holder.proof("POST", TOKEN)}
        assert (await lasting_provider.post(TOKEN, form, headers=proven)).status_code == 200

    async def test_refresh_tokens_of_a_confidential_client_are_bound_only_to_its_secret(
        self, lasting_provider: Provider, holder: KeyHolder, browser: Browser, person: Person
    ) -> None:
        app = await application(lasting_provider)
        first = (await holder.exchange(app, await app.code(browser, person))).json()
        assert first["token_type"] == "DPoP"
        other = KeyHolder(lasting_provider)
        second = (await other.refresh(app, first["refresh_token"])).json()
        assert claims_of(second["access_token"])["cnf"] == {"jkt": other.thumbprint}
        assert (await app.refresh(second["refresh_token"])).json()["token_type"] == "Bearer"

    async def test_a_bound_session_can_be_revoked_without_a_proof(
        self, app: Application, holder: KeyHolder, tokens: dict[str, Any]
    ) -> None:
        answer = await app.provider.post("/oauth/revoke", {"client_id": app.id, "token": tokens["refresh_token"]})
        assert answer.status_code == 200
        assert (await holder.call(ME, tokens["access_token"])).status_code == 401
        assert is_oauth_error(await holder.refresh(app, tokens["refresh_token"]), "invalid_grant")
