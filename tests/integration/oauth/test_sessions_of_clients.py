"""Sessions at the standard endpoints: only their own client can refresh and end them."""

import asyncio
from dataclasses import asdict
from typing import Any

import httpx
import pytest

from development.client import Pair, Person, pair
from doorward.domain.oauth.models import ClientContent
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import FORM, ISSUER, TOKEN, Machine, Provider, is_oauth_error
from tests.integration.service import Logs, MakeService, claims_of, events, facts, is_problem, statuses

REVOKE = "/oauth/revoke"
BUILT_IN = {"client_id": "doorward"}
REFRESH = {"grant_type": "refresh_token"}


async def refresh(provider: Provider, token: str, **form: str) -> httpx.Response:
    """Refresh as the built-in client."""
    return await provider.post(TOKEN, {**REFRESH, **BUILT_IN, "refresh_token": token, **form})


async def revoke(provider: Provider, token: str, **form: str) -> httpx.Response:
    """Log out as the built-in client."""
    return await provider.post(REVOKE, {**BUILT_IN, "token": token, **form})


async def session_of(provider: Provider, machine: Machine, scopes: str = "{items:read}") -> tuple[Person, Pair]:
    """Return a user with the second pair of a session of a client."""
    person, first = await provider.service.register_and_log_in()
    second = await provider.service.refresh(first.refresh)
    statement = "UPDATE sessions SET client_id = %s, scopes = %s WHERE user_id = %s"
    provider.sql(statement, machine.id, scopes, person.id)
    return person, second


def the_session(provider: Provider, person: Person) -> dict[str, Any]:
    (session,) = provider.service.sessions_of(person)
    return session


def is_alive(provider: Provider, person: Person) -> bool:
    return the_session(provider, person)["ended_at"] is None


def is_empty(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, b"{}", "no-store")


class TestRefresh:
    async def test_the_built_in_client_refreshes_its_sessions(self, lasting_provider: Provider) -> None:
        person, first = await lasting_provider.service.register_and_log_in()
        answer = await refresh(lasting_provider, first.refresh)
        body = answer.json()
        assert list(body) == ["access_token", "token_type", "expires_in", "scope", "refresh_token"]
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 1800, "account")
        assert (await lasting_provider.service.get_me(body["access_token"])).json()["id"] == person.id
        assert pair(await lasting_provider.service.post_refresh(body["refresh_token"])).refresh

    async def test_a_refresh_takes_one_statement_beside_the_clients_authentication(
        self, lasting_provider: Provider
    ) -> None:
        _, first = await lasting_provider.service.register_and_log_in()
        current = [first.refresh]

        async def refresh_again() -> httpx.Response:
            answer = await refresh(lasting_provider, current[-1])
            current.append(answer.json()["refresh_token"])
            return answer

        assert await lasting_provider.statements_of(refresh_again) == 2

    async def test_a_narrower_scope_applies_to_one_token_only(self, lasting_provider: Provider) -> None:
        _, first = await lasting_provider.service.register_and_log_in()
        narrow = (await refresh(lasting_provider, first.refresh, scope="items:read")).json()
        assert claims_of(narrow["access_token"])["scope"] == narrow["scope"] == "items:read"
        assert (await refresh(lasting_provider, narrow["refresh_token"])).json()["scope"] == "account"

    @pytest.mark.parametrize("scope", ["orders:read", "account openid", "admin:users:read", "\0"])
    async def test_a_wider_scope_is_refused_and_rotates_nothing(self, lasting_provider: Provider, scope: str) -> None:
        person, first = await lasting_provider.service.register_and_log_in()
        assert is_oauth_error(await refresh(lasting_provider, first.refresh, scope=scope), "invalid_scope")
        assert the_session(lasting_provider, person)["generation"] == 0
        assert (await refresh(lasting_provider, first.refresh)).status_code == 200

    async def test_another_audience_is_refused_and_rotates_nothing(self, lasting_provider: Provider) -> None:
        person, first = await lasting_provider.service.register_and_log_in()
        answer = await refresh(lasting_provider, first.refresh, resource="https://orders.example")
        assert is_oauth_error(answer, "invalid_target")
        assert the_session(lasting_provider, person)["generation"] == 0

    async def test_a_used_token_ends_the_session(self, lasting_provider: Provider) -> None:
        person, first = await lasting_provider.service.register_and_log_in()
        second = (await refresh(lasting_provider, first.refresh)).json()
        assert is_oauth_error(await refresh(lasting_provider, first.refresh), "invalid_grant")
        assert the_session(lasting_provider, person)["end_reason"] == "reuse"
        assert is_oauth_error(await refresh(lasting_provider, second["refresh_token"]), "invalid_grant")

    async def test_one_of_many_concurrent_refreshes_with_one_token_succeeds(self, lasting_provider: Provider) -> None:
        person, first = await lasting_provider.service.register_and_log_in()
        answers = await asyncio.gather(*(refresh(lasting_provider, first.refresh) for _ in range(20)))
        assert statuses(answers) == [200] + [400] * 19
        assert the_session(lasting_provider, person)["end_reason"] == "reuse"

    @pytest.mark.parametrize("token", ["unknown", "dwr_", "x" * 118, "\u00e9", "\0"])
    async def test_a_malformed_refresh_token_is_an_invalid_grant(self, lasting_provider: Provider, token: str) -> None:
        assert is_oauth_error(await refresh(lasting_provider, token), "invalid_grant")

    async def test_a_form_without_a_token_is_an_invalid_request(self, lasting_provider: Provider) -> None:
        for form in ({}, {"refresh_token": ""}):
            answer = await lasting_provider.post(TOKEN, {**REFRESH, **BUILT_IN, **form})
            assert is_oauth_error(answer, "invalid_request")

    async def test_a_request_without_a_client_is_refused(self, lasting_provider: Provider) -> None:
        person, first = await lasting_provider.service.register_and_log_in()
        answer = await lasting_provider.post(TOKEN, {**REFRESH, "refresh_token": first.refresh})
        assert is_oauth_error(answer, "invalid_client", 401)
        assert the_session(lasting_provider, person)["generation"] == 0

    async def test_a_client_refreshes_its_own_sessions(self, lasting_provider: Provider) -> None:
        machine = await lasting_provider.machine(grant_types=("refresh_token",))
        person, current = await session_of(lasting_provider, machine)
        answer = await machine.post(TOKEN, **REFRESH, refresh_token=current.refresh)
        assert (answer.status_code, answer.json()["scope"]) == (200, "items:read")
        assert claims_of(answer.json()["access_token"])["client_id"] == machine.id
        assert is_alive(lasting_provider, person)

    async def test_a_client_without_the_refresh_grant_is_unauthorized_and_ends_no_session(
        self, lasting_provider: Provider
    ) -> None:
        machine = await lasting_provider.machine()
        person, first = await lasting_provider.service.register_and_log_in()
        answer = await machine.post(TOKEN, **REFRESH, refresh_token=first.refresh)
        assert is_oauth_error(answer, "unauthorized_client")
        assert is_alive(lasting_provider, person)

    @pytest.mark.parametrize("generation", ["current", "used"])
    async def test_a_confidential_client_that_presents_a_token_of_another_client_ends_the_session(
        self, lasting_provider: Provider, logs: Logs, generation: str
    ) -> None:
        thief = await lasting_provider.machine(grant_types=("refresh_token",))
        person, first = await lasting_provider.service.register_and_log_in()
        second = await lasting_provider.service.refresh(first.refresh)
        shown = second if generation == "current" else first
        answer = await thief.post(TOKEN, **REFRESH, refresh_token=shown.refresh)
        assert is_oauth_error(answer, "invalid_grant")
        assert the_session(lasting_provider, person)["end_reason"] == "reuse"
        assert len(events(logs, "auth.refresh.reuse_detected")) == 1
        assert is_problem(await lasting_provider.service.get_me(second.access), 401, "invalid_access_token")

    async def test_a_forged_refresh_token_ends_no_session(self, lasting_provider: Provider) -> None:
        thief = await lasting_provider.machine(grant_types=("refresh_token",))
        person, first = await lasting_provider.service.register_and_log_in()
        forged = f"{first.refresh[:-4]}AAAA"
        assert is_oauth_error(await thief.post(TOKEN, **REFRESH, refresh_token=forged), "invalid_grant")
        assert is_alive(lasting_provider, person)

    async def test_a_public_client_cannot_end_a_session_of_another_client(self, lasting_provider: Provider) -> None:
        machine = await lasting_provider.machine(grant_types=("refresh_token",))
        person, current = await session_of(lasting_provider, machine)
        content = ClientContent(name="Phone", auth_method="none", grant_types=("refresh_token",))
        phone = (await lasting_provider.clients.create(OPERATOR, content)).client
        for client_id in ("doorward", phone.client_id):
            form = {**REFRESH, "client_id": client_id, "refresh_token": current.refresh}
            assert is_oauth_error(await lasting_provider.post(TOKEN, form), "invalid_grant")
        assert is_alive(lasting_provider, person)
        assert the_session(lasting_provider, person)["generation"] == 1

    async def test_users_at_one_address_share_the_rate_limit_of_refreshes(self, make_service: MakeService) -> None:
        limited = await make_service(public_url=ISSUER, rate_limit_enabled=True, rate_limit_refresh="2/hour")
        provider = Provider(limited)
        answers = [await refresh(provider, "unknown") for _ in range(3)]
        assert is_oauth_error(answers[2], "temporarily_unavailable", 429)
        assert (await limited.post_refresh("unknown")).status_code == 429
        elsewhere = await limited.client_at("198.51.100.9").post(
            TOKEN, data={**REFRESH, **BUILT_IN, "refresh_token": "unknown"}
        )
        assert is_oauth_error(elsewhere, "invalid_grant")


class TestRevoke:
    @pytest.mark.parametrize("kind", ["refresh", "access"])
    @pytest.mark.parametrize("hint", ["", "refresh_token", "access_token", "nonsense"])
    async def test_a_refresh_token_and_an_access_token_can_each_end_the_session(
        self, lasting_provider: Provider, kind: str, hint: str
    ) -> None:
        person, tokens = await lasting_provider.service.register_and_log_in()
        for _ in range(2):
            assert is_empty(await revoke(lasting_provider, asdict(tokens)[kind], token_type_hint=hint))
        assert the_session(lasting_provider, person)["end_reason"] == "logout"
        assert (await lasting_provider.service.get_me(tokens.access)).status_code == 401
        assert is_oauth_error(await refresh(lasting_provider, tokens.refresh), "invalid_grant")

    async def test_the_end_of_a_session_by_an_access_token_is_recorded_once(
        self, lasting_provider: Provider, logs: Logs
    ) -> None:
        person, tokens = await lasting_provider.service.register_and_log_in()
        session_id = str(the_session(lasting_provider, person)["id"])
        ids = ("user_id", "session_id", "reason")
        await revoke(lasting_provider, tokens.access)
        (ended,) = events(logs, "auth.session.revoked")
        assert facts(ended, *ids) == (person.id, session_id, "logout")
        for token in (tokens.access, "malformed"):
            await revoke(lasting_provider, token)
        again, malformed = events(logs, "auth.revocation.ignored")
        assert facts(again, *ids) == (person.id, session_id, "not_live")
        assert facts(malformed, *ids) == (None, None, "malformed")
        statement = "SELECT session_id FROM audit_events WHERE type = 'session.ended' AND user_id = %s"
        assert [str(row["session_id"]) for row in lasting_provider.sql(statement, person.id)] == [session_id]

    async def test_a_client_ends_its_own_sessions(self, lasting_provider: Provider) -> None:
        machine = await lasting_provider.machine(grant_types=("refresh_token",))
        person, current = await session_of(lasting_provider, machine)
        assert is_empty(await machine.post(REVOKE, token=current.refresh))
        assert the_session(lasting_provider, person)["end_reason"] == "logout"

    async def test_a_client_cannot_revoke_sessions_of_other_clients(self, lasting_provider: Provider) -> None:
        machine = await lasting_provider.machine(grant_types=("refresh_token",))
        stranger = await lasting_provider.machine(grant_types=("refresh_token",))
        of_machine, current = await session_of(lasting_provider, machine)
        person, own = await lasting_provider.service.register_and_log_in()
        refreshed = (await machine.post(TOKEN, **REFRESH, refresh_token=current.refresh)).json()
        for token in (refreshed["refresh_token"], refreshed["access_token"]):
            assert is_empty(await stranger.post(REVOKE, token=token))
            assert is_empty(await revoke(lasting_provider, token))
        for token in (own.refresh, own.access):
            assert is_empty(await machine.post(REVOKE, token=token))
        assert is_alive(lasting_provider, of_machine)
        assert is_alive(lasting_provider, person)

    async def test_a_client_credentials_token_cannot_be_revoked(self, lasting_provider: Provider) -> None:
        machine, stranger = await lasting_provider.machine(), await lasting_provider.machine()
        token = await machine.token()
        assert is_oauth_error(await machine.post(REVOKE, token=token), "unsupported_token_type")
        assert is_empty(await stranger.post(REVOKE, token=token))
        assert (await lasting_provider.service.authorized("GET", "/api/v1/items", token)).status_code == 200

    @pytest.mark.parametrize("token", ["unknown", "dwr_", "eyJ..", "eyJ.a.b", "\u00e9", "\0", "x" * 8192])
    async def test_revoking_an_unknown_token_succeeds(self, lasting_provider: Provider, token: str) -> None:
        assert is_empty(await revoke(lasting_provider, token))

    @pytest.mark.parametrize("content", [b"", b"token=", b"token=a&token=b", b"token=" + b"a" * 8193])
    async def test_a_form_without_exactly_one_token_is_an_invalid_request(
        self, lasting_provider: Provider, content: bytes
    ) -> None:
        answer = await lasting_provider.service.client.post(
            REVOKE, content=b"&".join([b"client_id=doorward", content]), headers=FORM
        )
        assert is_oauth_error(answer, "invalid_request")

    async def test_clients_must_authenticate(self, lasting_provider: Provider) -> None:
        machine = await lasting_provider.machine(grant_types=("refresh_token",))
        person, current = await session_of(lasting_provider, machine)
        for form in ({}, {"client_id": machine.id}, {"client_id": machine.id, "client_secret": machine.secret}):
            answer = await lasting_provider.post(REVOKE, {"token": current.refresh, **form})
            assert is_oauth_error(answer, "invalid_client", 401)
        both = {"token": current.refresh, "client_id": machine.id, "client_secret": machine.secret}
        answer = await lasting_provider.post(REVOKE, both, auth=(machine.id, machine.secret))
        assert is_oauth_error(answer, "invalid_request")
        assert is_alive(lasting_provider, person)

    async def test_a_revocation_that_cannot_be_stored_is_answered_with_an_error(
        self, make_service: MakeService, own_database: str
    ) -> None:
        provider = Provider(await make_service(public_url=ISSUER, database_url=own_database))
        person, tokens = await provider.service.register_and_log_in()
        provider.sql("ALTER TABLE sessions RENAME COLUMN end_reason TO other")
        for token in (tokens.refresh, tokens.access):
            assert is_oauth_error(await revoke(provider, token), "temporarily_unavailable", 503)
        provider.sql("ALTER TABLE sessions RENAME COLUMN other TO end_reason")
        assert is_alive(provider, person)
