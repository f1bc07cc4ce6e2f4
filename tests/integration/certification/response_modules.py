"""Modules of the Basic plan about codes, tokens, userinfo and scopes, for each response mode."""

from datetime import timedelta
from typing import Any

import pytest
from joserfc.errors import BadSignatureError

from doorward.domain.oauth.pkce import challenge_of
from tests.integration.certification.relying_party import RelyingParty, Suite
from tests.integration.oauth.browsers import VERIFIER
from tests.integration.oauth.provider import ISSUER, is_oauth_error


class Plan:
    """A plan with one response mode."""

    mode: str | None = None

    @pytest.fixture
    async def party(self, suite: Suite) -> RelyingParty:
        return RelyingParty(suite, await suite.provider.service.register(), suite.app, self.mode)


class ResponseModules(Plan):
    async def test_oidcc_server(self, party: RelyingParty) -> None:
        tokens, claims = await party.sign_in()
        info = await party.user_info(tokens)
        assert (info.status_code, info.json()["sub"]) == (200, claims["sub"])

    async def test_oidcc_response_type_missing(self, party: RelyingParty) -> None:
        result = await party.ask(response_type=None)
        assert (result.answer["error"], result.answer["state"]) == ("invalid_request", "the state")

    async def test_oidcc_server_client_secret_post(self, suite: Suite, party: RelyingParty) -> None:
        posting = RelyingParty(suite, party.person, suite.posting, self.mode)
        tokens, claims = await posting.sign_in()
        assert (await posting.user_info(tokens)).json()["sub"] == claims["sub"]

    async def test_oidcc_codereuse(self, party: RelyingParty) -> None:
        code = await party.code()
        await party.tokens(code)
        assert is_oauth_error(await party.app.exchange(code, code_verifier=None), "invalid_grant")

    async def test_oidcc_codereuse_30seconds(self, party: RelyingParty) -> None:
        code = await party.code()
        tokens = await party.tokens(code)
        assert (await party.user_info(tokens)).status_code == 200
        party.provider.clock.advance(timedelta(seconds=30))
        assert is_oauth_error(await party.app.exchange(code, code_verifier=None), "invalid_grant")
        assert (await party.user_info(tokens)).status_code == 401

    async def test_oidcc_refresh_token(self, suite: Suite, party: RelyingParty) -> None:
        first, before = await party.sign_in(scope="openid offline_access", prompt="consent")
        party.provider.clock.advance(timedelta(seconds=5))
        answer = await party.app.refresh(first["refresh_token"])
        assert answer.status_code == 200, answer.text
        second = answer.json()
        after = await party.claims(second["id_token"], nonce=None)
        assert (after["auth_time"], after["sub"]) == (before["auth_time"], before["sub"])
        assert after["iat"] > before["iat"]
        assert first["access_token"] != second["access_token"]
        assert (await party.user_info(second)).status_code == 200
        # The refresh token is bound to its client: the suite's second client cannot use it.
        assert is_oauth_error(await suite.second.refresh(second["refresh_token"]), "invalid_grant")

    async def test_oidcc_ensure_request_with_valid_pkce_succeeds(self, party: RelyingParty) -> None:
        code = await party.code(code_challenge=challenge_of(VERIFIER), code_challenge_method="S256")
        await party.tokens(code, code_verifier=VERIFIER)


class IdTokenModules(Plan):
    async def test_oidcc_idtoken_signature(self, party: RelyingParty) -> None:
        tokens, _ = await party.sign_in()
        broken = tokens["id_token"][:-8] + "AAAAAAAA"
        with pytest.raises(BadSignatureError):
            await party.claims(broken)

    async def test_oidcc_idtoken_unsigned(self, party: RelyingParty) -> None:
        found = (await party.provider.service.client.get("/.well-known/openid-configuration")).json()
        assert "none" not in found["id_token_signing_alg_values_supported"]

    async def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(self, party: RelyingParty) -> None:
        _, claims = await party.sign_in(nonce=None)
        assert "nonce" not in claims

    async def test_oidcc_ensure_request_with_acr_values_succeeds(self, party: RelyingParty) -> None:
        found = (await party.provider.service.client.get("/.well-known/openid-configuration")).json()
        _, claims = await party.sign_in(acr_values=" ".join(found["acr_values_supported"]))
        assert claims["acr"] in found["acr_values_supported"]


class UserInfoModules(Plan):
    async def test_oidcc_userinfo_get(self, party: RelyingParty) -> None:
        tokens, claims = await party.sign_in()
        info = await party.user_info(tokens)
        assert info.headers["content-type"].startswith("application/json")
        assert info.json()["sub"] == claims["sub"]

    async def test_oidcc_userinfo_post_header(self, party: RelyingParty) -> None:
        tokens, claims = await party.sign_in()
        assert (await party.user_info(tokens, "POST")).json()["sub"] == claims["sub"]

    async def test_oidcc_userinfo_post_body(self, party: RelyingParty) -> None:
        tokens, _ = await party.sign_in()
        refused = await party.user_info(tokens, "POST", data={"access_token": tokens["access_token"]})
        assert refused.status_code == 401
        assert "Bearer" in refused.headers["www-authenticate"]


class ScopeModules(Plan):
    async def _with(self, party: RelyingParty, scope: str) -> tuple[set[str], dict[str, Any]]:
        """Return the granted scopes, and the claims of userinfo except the subject."""
        tokens, _ = await party.sign_in(scope=scope)
        info: dict[str, Any] = (await party.user_info(tokens)).json()
        assert info.pop("sub") == party.person.id
        return set(tokens["scope"].split()), info

    async def test_oidcc_scope_profile(self, party: RelyingParty) -> None:
        assert await self._with(party, "openid profile") == (
            {"openid", "profile"},
            {"preferred_username": party.person.username},
        )

    async def test_oidcc_scope_email(self, party: RelyingParty) -> None:
        assert await self._with(party, "openid email") == (
            {"openid", "email"},
            {"email": party.person.email, "email_verified": False},
        )

    async def test_oidcc_scope_address(self, party: RelyingParty) -> None:
        assert await self._with(party, "openid address") == ({"openid"}, {})

    async def test_oidcc_scope_phone(self, party: RelyingParty) -> None:
        assert await self._with(party, "openid phone") == ({"openid"}, {})

    async def test_oidcc_scope_all(self, party: RelyingParty) -> None:
        scopes, info = await self._with(party, "openid address email phone profile")
        assert scopes == {"openid", "email", "profile"}
        assert set(info) == {"preferred_username", "email", "email_verified"}

    async def test_oidcc_alternate_happy_flow(self, party: RelyingParty) -> None:
        reversed_scopes = " ".join(reversed(party.parameters()["scope"].split()))
        backwards = dict(reversed(party.parameters(scope=reversed_scopes).items()))
        address = str(party.browser.http.build_request("GET", f"{ISSUER}/oauth/authorize", params=backwards).url)
        tokens = await party.tokens(party.checked_code(await party.follow(address)))
        assert set(tokens["scope"].split()) == set(reversed_scopes.split())
