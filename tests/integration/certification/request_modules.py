"""Modules of the Basic plan about request parameters, for each response mode."""

import base64
import json
from datetime import timedelta

from tests.integration.certification.relying_party import RelyingParty
from tests.integration.certification.response_modules import Plan
from tests.integration.oauth.browsers import CALLBACK
from tests.integration.oauth.provider import ISSUER


def unsigned(claims: dict[str, str]) -> str:
    """Return a request object with the algorithm none."""
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts) + "."


class PromptModules(Plan):
    async def test_oidcc_prompt_login(self, party: RelyingParty) -> None:
        _, before = await party.sign_in()
        party.provider.clock.advance(timedelta(seconds=2))
        result = await party.ask(prompt="login")
        assert result.asked == ("sign-in",)
        after = await party.claims((await party.tokens(party.checked_code(result)))["id_token"])
        assert after["auth_time"] > before["auth_time"]

    async def test_oidcc_prompt_none_not_logged_in(self, party: RelyingParty) -> None:
        result = await party.ask(prompt="none")
        assert result.asked == ()
        assert (result.answer["error"], result.answer["state"], result.answer["iss"]) == (
            "login_required",
            "the state",
            ISSUER,
        )

    async def test_oidcc_prompt_none_logged_in(self, party: RelyingParty) -> None:
        await self._again_without_a_page(party, prompt="none")

    async def test_oidcc_max_age_1(self, party: RelyingParty) -> None:
        _, before = await party.sign_in()
        party.provider.clock.advance(timedelta(seconds=2))
        result = await party.ask(max_age="1")
        assert result.asked == ("sign-in",)
        after = await party.claims((await party.tokens(party.checked_code(result)))["id_token"])
        assert after["auth_time"] > before["auth_time"]

    async def test_oidcc_max_age_10000(self, party: RelyingParty) -> None:
        _, before = await party.sign_in(max_age="15000")
        assert "auth_time" in before
        await self._again_without_a_page(party, max_age="10000")

    async def test_oidcc_id_token_hint(self, party: RelyingParty) -> None:
        tokens, _ = await party.sign_in()
        await self._again_without_a_page(party, prompt="none", id_token_hint=tokens["id_token"])

    async def _again_without_a_page(self, party: RelyingParty, **changes: str) -> None:
        """Sign in, repeat the request, and check that both ID tokens show the same sign-in."""
        _, before = await party.sign_in()
        party.provider.clock.advance(timedelta(seconds=2))
        result = await party.ask(**changes)
        assert result.asked == ()
        after = await party.claims((await party.tokens(party.checked_code(result)))["id_token"])
        assert (after["sub"], after["auth_time"]) == (before["sub"], before["auth_time"])


class IgnoredModules(Plan):
    """Parameters that a provider may ignore, and must not refuse."""

    async def test_oidcc_display_page(self, party: RelyingParty) -> None:
        await party.sign_in(display="page")

    async def test_oidcc_display_popup(self, party: RelyingParty) -> None:
        await party.sign_in(display="popup")

    async def test_oidcc_login_hint(self, party: RelyingParty) -> None:
        page = await party.browser.get("/oauth/authorize", **party.parameters(login_hint=party.person.username))
        assert f'value="{party.person.username}"' in page.text
        await party.sign_in(login_hint=party.person.username)

    async def test_oidcc_ui_locales(self, party: RelyingParty) -> None:
        await party.sign_in(ui_locales="se")

    async def test_oidcc_claims_locales(self, party: RelyingParty) -> None:
        await party.sign_in(claims_locales="se")

    async def test_oidcc_claims_essential(self, party: RelyingParty) -> None:
        tokens, _ = await party.sign_in(claims=json.dumps({"userinfo": {"name": {"essential": True}}}))
        assert "name" not in (await party.user_info(tokens)).json()

    async def test_oidcc_ensure_request_with_unknown_parameter_succeeds(self, party: RelyingParty) -> None:
        await party.sign_in(extra="foobar")

    async def test_oidcc_ensure_post_request_succeeds(self, party: RelyingParty) -> None:
        answer = await party.browser.http.post("/oauth/authorize", data=party.parameters())
        assert answer.status_code == 303
        await party.tokens(party.checked_code(await party.follow(answer.headers["location"])))


class RefusedModules(Plan):
    async def test_oidcc_ensure_registered_redirect_uri(self, party: RelyingParty) -> None:
        result = await party.ask(redirect_uri=f"{CALLBACK}/unregistered")
        assert (result.page.status_code, result.answer) == (400, {})
        assert "location" not in result.page.headers

    async def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
        self, party: RelyingParty
    ) -> None:
        result = await party.ask(request=unsigned({"state": "of the object", "client_id": party.app.id}))
        assert (result.answer["error"], result.answer["state"]) == ("request_not_supported", "the state")

    async def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
        self, party: RelyingParty
    ) -> None:
        result = await party.ask(request_uri="https://app.example/object.jwt")
        assert result.answer["error"] == "request_uri_not_supported"

    async def test_oidcc_ensure_request_object_with_redirect_uri(self, party: RelyingParty) -> None:
        request = unsigned({"redirect_uri": CALLBACK, "client_id": party.app.id})
        result = await party.ask(request=request, redirect_uri="https://app.example/not-this-one")
        assert (result.page.status_code, result.answer) == (400, {})
