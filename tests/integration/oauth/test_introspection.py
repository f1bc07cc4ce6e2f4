"""Introspection: which client gets which claims of a token."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from doorward.core.versions import any_version
from doorward.domain.oauth.exceptions import UnknownIntrospectionClientError
from doorward.domain.oauth.models import ResourceContent
from tests.integration.oauth.clients import OPERATOR
from tests.integration.oauth.provider import FORM, ISSUER, ORDERS, Machine, Provider, is_oauth_error
from tests.integration.open_transactions import open_transaction
from tests.integration.service import Logs, MakeService, claims_of, mark

INTROSPECT = "/oauth/introspect"
INACTIVE = b'{"active":false}'


async def introspect(machine: Machine, token: str, **form: str) -> httpx.Response:
    return await machine.post(INTROSPECT, token=token, **form)


def is_inactive(answer: httpx.Response) -> bool:
    """Return whether the response contains only that the token is inactive."""
    return (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, INACTIVE, "no-store")


async def linked(provider: Provider) -> tuple[Machine, Machine, str]:
    """Return a client, the client of its resource, and the resource's identifier."""
    server = await provider.machine(grant_types=(), scopes=())
    identifier = f"{ORDERS}/{mark()}"
    content = ResourceContent(identifier, ("orders:read",), introspection_client_id=server.id)
    await provider.resources.create(OPERATOR, content)
    return await provider.machine(scopes=("orders:read", "items:read"), resources=(identifier,)), server, identifier


async def test_a_client_sees_its_own_token(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine()
    token = await machine.token()
    answer = await introspect(machine, token, token_type_hint="access_token")
    assert await lasting_provider.statements_of(lambda: introspect(machine, token)) == 1
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {"active": True, "token_type": "Bearer", **claims_of(token)}


async def test_the_client_of_the_audience_sees_the_token_and_other_clients_do_not(lasting_provider: Provider) -> None:
    machine, server, identifier = await linked(lasting_provider)
    stranger = await lasting_provider.machine(scopes=("orders:read",), resources=(identifier,))
    token = await machine.token(resource=identifier)
    assert (await introspect(server, token)).json()["aud"] == identifier
    assert await lasting_provider.statements_of(lambda: introspect(server, token)) == 1
    assert (await introspect(machine, token)).json()["active"] is True
    assert is_inactive(await introspect(stranger, token))
    # The client is linked to one audience only.
    assert is_inactive(await introspect(server, await machine.token()))


@pytest.mark.parametrize("audience", ["doorward", ISSUER])
async def test_a_client_can_be_linked_to_the_services_own_tokens(
    make_service: MakeService, own_database: str, audience: str
) -> None:
    provider = Provider(await make_service(database_url=own_database, public_url=ISSUER))
    machine, stranger = await provider.machine(resources=("doorward",)), await provider.machine()
    server = await provider.machine(grant_types=(), scopes=())
    _, pair = await provider.service.register_and_log_in()
    token = pair.access if audience == "doorward" else await machine.token()
    assert is_inactive(await introspect(server, token))
    resource = await provider.resources.create(OPERATOR, ResourceContent(audience, introspection_client_id=server.id))
    claims = (await introspect(server, token)).json()
    assert {name: claims[name] for name in claims_of(token)} == claims_of(token)
    assert claims["active"] is True
    # Claims that tokens with derived keys do not contain are looked up.
    assert ("auth_time" in claims, claims.get("acr")) == ((True, "1") if audience == "doorward" else (False, None))
    assert is_inactive(await introspect(stranger, token))
    # The audience has no scopes of its own, and removes none.
    assert claims_of(await machine.token(resource=audience))["scope"] == "items:read"
    await provider.resources.delete(OPERATOR, resource.id)
    assert is_inactive(await introspect(server, token))


async def test_an_introspection_by_another_client_costs_one_statement_for_live_and_dead_tokens(
    lasting_provider: Provider,
) -> None:
    machine, stranger = await lasting_provider.machine(), await lasting_provider.machine()
    token = await machine.token()
    assert await lasting_provider.statements_of(lambda: introspect(stranger, token)) == 1
    await lasting_provider.clients.disable(OPERATOR, machine.id, any_version)
    assert await lasting_provider.statements_of(lambda: introspect(stranger, token)) == 1


async def test_the_tokens_of_a_disabled_client_are_inactive_at_the_next_introspection(provider: Provider) -> None:
    machine, server, identifier = await linked(provider)
    token = await machine.token(resource=identifier)
    await provider.clients.disable(OPERATOR, machine.id, any_version)
    assert is_inactive(await introspect(server, token))
    await provider.clients.enable(OPERATOR, machine.id, any_version)
    assert is_inactive(await introspect(server, token))
    await provider.clients.delete(OPERATOR, machine.id, any_version)
    assert is_inactive(await introspect(server, token))


async def test_a_token_is_inactive_after_its_resource_is_removed(lasting_provider: Provider) -> None:
    machine, server, identifier = await linked(lasting_provider)
    token = await machine.token(resource=identifier)
    await lasting_provider.resources.delete_by_identifier(OPERATOR, identifier)
    assert is_inactive(await introspect(server, token))


async def test_scopes_that_the_client_lost_are_omitted(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine(scopes=("items:read", "items:write"))
    token = await machine.token()
    await lasting_provider.clients.update(OPERATOR, machine.id, {"scopes": ("items:read",)}, any_version)
    assert (await introspect(machine, token)).json()["scope"] == "items:read"


async def test_a_token_is_inactive_after_the_client_lost_its_audience(lasting_provider: Provider) -> None:
    machine, server, identifier = await linked(lasting_provider)
    token = await machine.token(resource=identifier)
    await lasting_provider.clients.update(OPERATOR, machine.id, {"resources": ()}, any_version)
    assert is_inactive(await introspect(server, token))
    assert is_inactive(await introspect(machine, token))


async def test_a_token_is_inactive_after_the_client_lost_all_its_scopes(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine()
    token = await machine.token()
    await lasting_provider.clients.update(OPERATOR, machine.id, {"scopes": ("orders:read",)}, any_version)
    assert is_inactive(await introspect(machine, token))


async def test_the_longest_possible_token_is_accepted(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine(scopes=tuple(f"{number:02}{'s' * 98}" for number in range(50)))
    token = await machine.token()
    assert len(token) > 7000
    assert (await introspect(machine, token)).json()["active"] is True


async def test_an_expired_token_is_inactive(provider: Provider) -> None:
    machine = await provider.machine()
    token = await machine.token()
    provider.clock.advance(timedelta(seconds=599))
    assert (await introspect(machine, token)).json()["active"] is True
    provider.clock.advance(timedelta(seconds=1))
    assert is_inactive(await introspect(machine, token))


async def test_tokens_of_logins_are_inactive_for_unlinked_clients(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine()
    _, pair = await lasting_provider.service.register_and_log_in()
    for token in (pair.access, pair.refresh):
        for hint in ("access_token", "refresh_token"):
            assert is_inactive(await introspect(machine, token, token_type_hint=hint))


async def test_malformed_tokens_are_inactive(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine()
    head, claims, signature = (await machine.token()).split(".")
    for token in (
        "x", "dwr_", "eyJ..", f"{head}.{claims}.", f"{head}.{claims}.{signature[::-1]}", f".{claims}.{signature}",
        f"{head}.{claims}.{signature}.", "\0", "\u00e9", "a" * 8192, f" {head}.{claims}.{signature}",
    ):  # fmt: skip
        assert is_inactive(await introspect(machine, token)), token[:20]


@pytest.mark.parametrize(
    "content",
    [b"", b"token=", b"token=a&token=b", b"token=" + b"a" * 8193, b"token_type_hint=access_token", b"token=\xff"],
)
async def test_a_form_without_exactly_one_token_is_an_invalid_request(
    lasting_provider: Provider, content: bytes
) -> None:
    machine = await lasting_provider.machine()
    answer = await lasting_provider.service.client.post(
        INTROSPECT, content=content, headers=FORM, auth=(machine.id, machine.secret)
    )
    assert is_oauth_error(answer, "invalid_request")


async def test_only_clients_that_authenticate_with_a_secret_may_introspect(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine()
    token = await machine.token()
    forms: list[tuple[dict[str, Any], tuple[str, str] | None]] = [
        ({}, None),
        ({"client_id": "doorward"}, None),
        ({"client_id": machine.id}, None),
        ({}, (machine.id, "x" * 43)),
        ({}, ("doorward", "")),
    ]
    for form, auth in forms:
        answer = await lasting_provider.post(INTROSPECT, {"token": token, **form}, auth=auth)
        assert is_oauth_error(answer, "invalid_client", 401), form
    bearer = {"Authorization": f"Bearer {token}"}
    assert is_oauth_error(
        await lasting_provider.post(INTROSPECT, {"token": token}, headers=bearer), "invalid_client", 401
    )
    both = {"token": token, "client_id": machine.id, "client_secret": machine.secret}
    assert is_oauth_error(
        await lasting_provider.post(INTROSPECT, both, auth=(machine.id, machine.secret)), "invalid_request"
    )


async def test_a_token_in_the_query_is_refused(lasting_provider: Provider) -> None:
    machine = await lasting_provider.machine()
    token = await machine.token()
    answer = await machine.post(f"{INTROSPECT}?token={token}", token=token)
    assert is_oauth_error(answer, "invalid_request")
    assert is_oauth_error(await lasting_provider.service.client.get(INTROSPECT), "invalid_request", 405)


async def test_concurrent_introspections_share_statements_and_get_their_own_results(lasting_provider: Provider) -> None:
    machines = [await lasting_provider.machine() for _ in range(3)]
    tokens = [await machine.token() for machine in machines]
    before = lasting_provider.service.connections_asked_for()
    asked = [(asks, of) for asks in range(3) for of in range(3)] * 5
    answers = await asyncio.gather(*(introspect(machines[asks], tokens[of]) for asks, of in asked))
    for (asks, of), answer in zip(asked, answers, strict=True):
        assert answer.json()["active"] is (asks == of)
        assert asks != of or answer.json()["client_id"] == machines[of].id
    assert lasting_provider.service.connections_asked_for() - before < len(asked)


async def test_no_token_is_logged(lasting_provider: Provider, logs: Logs) -> None:
    machine = await lasting_provider.machine()
    token = await machine.token()
    await introspect(machine, token)
    assert token not in logs.text()
    assert token.rpartition(".")[2] not in logs.text()


async def test_without_the_provider_the_endpoint_does_not_exist(make_service: MakeService) -> None:
    service = await make_service()
    assert (await service.client.post(INTROSPECT, data={"token": "x"})).status_code == 404
    assert ISSUER not in (await service.client.get("/openapi.json")).text


async def test_a_new_resource_and_the_removal_of_its_introspection_client_do_not_deadlock(
    lasting_provider: Provider,
) -> None:
    server = await lasting_provider.machine(grant_types=(), scopes=())
    content = ResourceContent(f"{ORDERS}/{mark()}", ("orders:read",), introspection_client_id=server.id)
    async with open_transaction(lasting_provider.service.database_url) as removing:
        await removing.run("SELECT FROM oauth_clients WHERE client_id = %s FOR UPDATE", server.id)
        adding = asyncio.create_task(lasting_provider.resources.create(OPERATOR, content))
        await removing.blocks(adding)
        await removing.run("DELETE FROM oauth_clients WHERE client_id = %s", server.id)
        await removing.commit()
        with pytest.raises(UnknownIntrospectionClientError):
            await adding
