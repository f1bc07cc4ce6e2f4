"""External users: created once for an issuer and subject, and refused after deactivation."""

import asyncio
from typing import Any

import psycopg
import pytest

from development.client import ME
from doorward.domain.administration.models import OPERATOR
from tests.integration.federation.conftest import Trusting
from tests.integration.federation.issuer import Issuer, running, trusting
from tests.integration.service import FakeClock, Logs, MakeService, events, facts, is_problem, mark, statuses

BOUND_SECONDS = 120
ITEM: dict[str, Any] = {"title": "An item"}


async def test_the_first_request_creates_a_user_without_address_and_password(
    trusting_service: Trusting, logs: Logs
) -> None:
    subject = trusting_service.subject()
    token = trusting_service.issuer.token(sub=subject)
    assert await trusting_service.status(token) == 200
    assert await trusting_service.status(token) == 200
    (user,) = trusting_service.users_of(subject)
    assert (user["email"], user["email_key"], user["password_hash"]) == (None, None, None)
    assert user["username"].startswith("ext_")
    assert user["is_active"]
    (created,) = events(logs, "federation.user.created")
    assert facts(created, "new_user_id", "outcome") == (str(user["id"]), "success")
    (entry,) = trusting_service.service.sql("SELECT * FROM audit_events WHERE user_id = %s", user["id"])
    assert (entry["type"], entry["personal"]) == ("user.external_created", {"client": "203.0.113.7"})
    assert subject not in logs.text()
    assert token not in logs.text()


async def test_an_external_user_owns_the_items_it_creates(trusting_service: Trusting) -> None:
    ada, grace = (trusting_service.issuer.token(sub=trusting_service.subject()) for _ in range(2))
    made = await trusting_service.items(ada, "POST", json=ITEM)
    assert made.status_code == 201
    path = made.headers["location"]
    assert (await trusting_service.items(ada, "GET", path)).status_code == 200
    assert (await trusting_service.items(grace, "GET", path)).status_code == 404
    assert (await trusting_service.items(ada, "DELETE", path)).status_code == 204


async def test_roles_grant_only_the_scopes_that_the_operator_maps(trusting_service: Trusting) -> None:
    issuer, subject = trusting_service.issuer, trusting_service.subject()
    reader = issuer.token(sub=subject, roles=["reader"])
    assert await trusting_service.status(reader) == 200
    refused = await trusting_service.items(reader, "POST", json=ITEM)
    assert is_problem(refused, 403, "insufficient_scope")
    by_scope = issuer.token(sub=subject, roles=None, scope="openid editor")
    assert (await trusting_service.items(by_scope, "POST", json=ITEM)).status_code == 201


@pytest.mark.parametrize(
    "claims",
    [
        {"roles": None},
        {"roles": []},
        {"roles": ["admin"]},
        {"roles": ["items:read", "items:write", "account", "admin:users:read"]},
        {"roles": None, "scope": "items:read items:write account"},
        {"roles": {"editor": True}},
        {"roles": [["editor"], 1, None]},
        {"roles": "Editor"},
    ],
    ids=str,
)
async def test_a_token_without_mapped_roles_creates_no_user(trusting_service: Trusting, claims: dict[str, Any]) -> None:
    subject = trusting_service.subject()
    token = trusting_service.issuer.token(sub=subject, **claims)
    assert is_problem(await trusting_service.items(token), 403, "insufficient_scope")
    assert trusting_service.users_of(subject) == []


async def test_an_external_caller_is_refused_where_a_session_is_required(trusting_service: Trusting) -> None:
    token = trusting_service.issuer.token(sub=trusting_service.subject())
    assert await trusting_service.status(token) == 200
    for path in (ME, "/api/v1/account", "/api/v1/admin/users"):
        answer = await trusting_service.service.authorized("GET", path, token)
        assert is_problem(answer, 403, "insufficient_scope")


async def test_concurrent_first_requests_create_one_user(trusting_service: Trusting) -> None:
    subject = trusting_service.subject()
    token = trusting_service.issuer.token(sub=subject)
    answers = await asyncio.gather(*(trusting_service.items(token, "POST", json=ITEM) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    (user,) = trusting_service.users_of(subject)
    assert {answer.json()["owner_id"] for answer in answers} == {str(user["id"])}
    assert len(trusting_service.service.sql("SELECT 1 FROM audit_events WHERE user_id = %s", user["id"])) == 1


async def test_deactivation_refuses_the_next_request_and_activation_accepts_it_again(
    trusting_service: Trusting, logs: Logs
) -> None:
    subject, actions = trusting_service.subject(), trusting_service.service.administration.user_actions
    token = trusting_service.issuer.token(sub=subject)
    assert await trusting_service.status(token) == 200
    (user,) = trusting_service.users_of(subject)
    await actions.deactivate(OPERATOR, user["id"])
    assert is_problem(await trusting_service.items(token), 401, "invalid_access_token")
    (refused,) = events(logs, "federation.token.refused")
    assert facts(refused, "issuer", "reason") == (trusting_service.issuer.url, "The local user is not active.")
    without_rights = trusting_service.issuer.token(sub=subject, roles=[])
    assert await trusting_service.status(without_rights) == 401
    await actions.activate(OPERATOR, user["id"])
    assert await trusting_service.status(token) == 200


async def test_an_external_user_is_not_the_local_user_with_the_same_address_or_name(trusting_service: Trusting) -> None:
    service = trusting_service.service
    person, pair = await service.register_and_log_in()
    made = await service.items(pair.access, "POST", json=ITEM)
    claims: dict[str, Any] = {"email": person.email, "email_verified": True, "preferred_username": person.username}
    for subject in (trusting_service.subject(), person.id):
        token = trusting_service.issuer.token(sub=subject, **claims)
        assert (await trusting_service.items(token, "GET", made.headers["location"])).status_code == 404
        (user,) = trusting_service.users_of(subject)
        assert str(user["id"]) != person.id
        assert user["email"] is None


async def test_the_same_subject_of_another_issuer_is_another_user(
    make_service: MakeService, issuer: Issuer, clock: FakeClock
) -> None:
    async with running(Issuer(clock)) as other:
        service = await make_service(trusted_issuers=trusting(issuer.entry(), other.entry()))
        subject = mark()
        made = await service.items(issuer.token(sub=subject), "POST", json=ITEM)
        answer = await service.items(other.token(sub=subject), "GET", made.headers["location"])
        assert (made.status_code, answer.status_code) == (201, 404)
        users = service.sql("SELECT user_id FROM federated_identities WHERE subject = %s", subject)
        assert len({user["user_id"] for user in users}) == 2


async def test_a_principal_without_user_reads_shared_items_and_owns_nothing(
    make_service: MakeService, issuer: Issuer
) -> None:
    service = await make_service(trusted_issuers=trusting(issuer.entry(users="none")))
    _, pair = await service.register_and_log_in()
    shared = await service.items(pair.access, "POST", json={**ITEM, "visibility": "shared"})
    private = await service.items(pair.access, "POST", json=ITEM)
    subject = mark()
    token = issuer.token(sub=subject)
    assert (await service.items(token, "GET", shared.headers["location"])).status_code == 200
    assert (await service.items(token, "GET", private.headers["location"])).status_code == 404
    assert is_problem(await service.items(token, "POST", json=ITEM), 403, "owner_required")
    assert is_problem(await service.items(token, "DELETE", shared.headers["location"]), 403, "owner_required")
    assert service.sql("SELECT 1 FROM federated_identities WHERE subject = %s", subject) == []


async def test_a_deleted_external_user_is_created_anew(trusting_service: Trusting) -> None:
    subject = trusting_service.subject()
    token = trusting_service.issuer.token(sub=subject)
    made = await trusting_service.items(token, "POST", json=ITEM)
    (before,) = trusting_service.users_of(subject)
    trusting_service.service.sql("DELETE FROM users WHERE id = %s", before["id"])
    assert (await trusting_service.items(token, "GET", made.headers["location"])).status_code == 404
    (after,) = trusting_service.users_of(subject)
    assert after["id"] != before["id"]


async def test_principals_without_user_have_separate_database_limits_and_log_names(
    make_service: MakeService, issuer: Issuer, own_database: str, logs: Logs
) -> None:
    service = await make_service(database_url=own_database, trusted_issuers=trusting(issuer.entry(users="none")))
    hostile, genuine = mark(), mark()
    tokens = {subject: issuer.token(sub=subject) for subject in (hostile, genuine)}
    assert [(await service.items(token)).status_code for token in tokens.values()] == [200, 200]
    async with asyncio.timeout(BOUND_SECONDS):
        async with await psycopg.AsyncConnection.connect(own_database) as holder:
            await holder.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
            calls = [asyncio.create_task(service.items(tokens[hostile])) for _ in range(40)]
            await service.locks_are_waited_for(2)
            calls.append(asyncio.create_task(service.items(tokens[genuine])))
            await service.locks_are_waited_for(3)
        assert statuses(await asyncio.gather(*calls)) == [200] * 41
    names = [line["external_caller"] for line in events(logs, "http.request")]
    assert len(set(names[:2])) == 2
    assert set(names[2:]) == set(names[:2])
    assert not {subject for subject in tokens if subject in logs.text()}
