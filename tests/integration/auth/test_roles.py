"""Changes of roles take effect at the next request, new tokens contain them, and one administrator always remains."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from development.callers import caller_of
from development.client import REVOKE, Pair, Person
from doorward.core.exceptions import DomainError
from doorward.domain.auth.exceptions import LastAdministratorError, UnknownRoleError
from doorward.domain.auth.repositories import sessions
from doorward.domain.auth.roles import (
    find_standing,
    keep_an_administrator,
    lock_grantable_scopes,
    lock_roles,
    replace_roles,
)
from doorward.domain.auth.scopes import ADMIN_SCOPES, RESOURCE_SCOPES, AdminScope
from tests.integration.service import MakeService, Service, claims_of, is_problem

OWN = {"account", *RESOURCE_SCOPES}


def give(service: Service, person: Person, *roles: str) -> None:
    service.sql("UPDATE users SET roles = %s WHERE id = %s", list(roles), person.id)


async def test_granting_and_removing_a_role_take_effect_at_the_next_request(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    before = await caller_of(service.app.state.services.authentication, pair.access)
    assert (before.scopes, before.roles) == (frozenset(OWN), frozenset())
    give(service, person, "support", "auditor")
    during = await caller_of(service.app.state.services.authentication, pair.access)
    assert during.roles == {"support", "auditor"}
    assert during.scopes == {
        *OWN,
        AdminScope.USERS_READ,
        AdminScope.SESSIONS_END,
        AdminScope.PASSWORDS_RESET,
        AdminScope.THROTTLES_RESET,
        AdminScope.FACTORS_RESET,
        AdminScope.AUDIT_READ,
    }
    assert during.token_scopes == {"account"}
    give(service, person)
    assert await caller_of(service.app.state.services.authentication, pair.access) == before


async def test_the_administrator_role_grants_every_scope(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    give(service, person, "admin")
    assert (await caller_of(service.app.state.services.authentication, pair.access)).scopes == {*OWN, *ADMIN_SCOPES}


async def test_a_changed_role_definition_takes_effect_at_the_next_request(service_alone: Service) -> None:
    person, pair = await service_alone.register_and_log_in()
    give(service_alone, person, "support")
    service_alone.sql("UPDATE roles SET scopes = '{admin:audit:read}' WHERE name = 'support'")
    assert (await caller_of(service_alone.app.state.services.authentication, pair.access)).scopes == {
        *OWN,
        AdminScope.AUDIT_READ,
    }


async def test_new_tokens_contain_the_current_roles_and_omit_an_empty_list(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    assert "roles" not in claims_of(pair.access)
    give(service, person, "support", "auditor")
    refreshed = await service.refresh(pair.refresh)
    renewed = (await service.post_reauthenticate(refreshed.access, person.password)).json()
    changed = (await service.post_password(renewed["access_token"], person.password, "three red kites")).json()
    again = (await service.post_token(person.username, "three red kites")).json()
    for access in (refreshed.access, renewed["access_token"], changed["access_token"], again["access_token"]):
        assert claims_of(access)["roles"] == ["auditor", "support"]
        assert claims_of(access)["scope"] == "account"
    give(service, person)
    assert "roles" not in claims_of((await service.refresh(again["refresh_token"])).access)


async def test_a_token_repeated_within_the_leeway_yields_the_current_roles(make_service: MakeService) -> None:
    service = await make_service(refresh_token_reuse_leeway_seconds=10)
    person, pair = await service.register_and_log_in()
    await service.refresh(pair.refresh)
    give(service, person, "auditor")
    assert claims_of((await service.refresh(pair.refresh)).access)["roles"] == ["auditor"]


async def test_a_session_lookup_is_one_statement_and_reads_no_roles_for_users_without_roles(
    service: Service,
) -> None:
    person, pair = await service.register_and_log_in()
    caller = await caller_of(service.app.state.services.authentication, pair.access)
    scans = "SELECT seq_scan + idx_scan FROM pg_stat_xact_user_tables WHERE relname = 'roles'"
    for roles, expected in [((), False), (("auditor",), True)]:
        give(service, person, *roles)
        async with service.database.transaction() as connection:
            (live,) = await sessions.list_live_sessions(
                connection, session_ids=[caller.session_id], user_ids=[caller.user.id], now=service.clock.now()
            )
            row = await (await connection.execute(scans)).fetchone()
        assert (live.role_scopes is not None) is expected
        assert row is not None
        assert (row[0] > 0) is expected


async def test_a_password_that_must_be_changed_is_refused_with_its_own_code(service: Service) -> None:
    person = await service.register()
    service.sql("UPDATE users SET must_change_password = true WHERE id = %s", person.id)
    assert is_problem(await service.post_login(person), 403, "password_change_required")
    assert is_problem(await service.post_token(person.username, "not the password"), 401, "invalid_credentials")
    assert service.sessions_of(person) == []


async def test_a_user_without_a_password_hash_cannot_log_in_by_password(service: Service) -> None:
    person = await service.register()
    service.sql("UPDATE users SET password_hash = NULL WHERE id = %s", person.id)
    for password in (person.password, "", "None"):
        refused = await service.post_token(person.username, password)
        assert refused.status_code in {401, 422}
    assert service.sessions_of(person) == []


async def test_granting_and_removing_a_role_record_one_event_each(service: Service) -> None:
    person = await service.register()
    async with service.database.transaction() as connection:
        standing = await find_standing(connection, UUID(person.id))
        assert standing is not None
        known = await lock_roles(connection, wanted=["support", "auditor"])
        await replace_roles(connection, standing, ["support", "auditor"], known)
    async with service.database.transaction() as connection:
        standing = await find_standing(connection, UUID(person.id))
        assert standing is not None
        known = await lock_roles(connection, wanted=["auditor"], held=standing.roles)
        await replace_roles(connection, standing, ["auditor"], known)
        assert await replace_roles(connection, standing, standing.roles, known) == ()
    rows = service.sql(
        "SELECT roles.name, data->>'change' AS change FROM audit_events JOIN roles ON roles.id::text = data->>'role_id'"
        " WHERE user_id = %s AND type = 'user.roles_changed' ORDER BY audit_events.id",
        person.id,
    )
    assert [tuple(row.values()) for row in rows] == [
        ("auditor", "granted"),
        ("support", "granted"),
        ("support", "taken"),
    ]
    async with service.database.transaction() as connection:
        with pytest.raises(UnknownRoleError):
            await lock_roles(connection, wanted=["support", "no-such-role"])


async def _administrators(service: Service, number: int) -> list[tuple[Person, Pair]]:
    people = [await service.register_and_log_in() for _ in range(number)]
    for person, _ in people:
        give(service, person, "admin")
    return people


async def test_one_administrator_remains_after_concurrent_removals_by_different_routes(service_alone: Service) -> None:
    database = service_alone.database
    people = await _administrators(service_alone, 6)

    async def take_the_role(person: Person) -> None:
        async with database.transaction() as connection:
            await connection.execute("SELECT FROM users WHERE id = %s FOR UPDATE", [person.id])
            standing = await find_standing(connection, UUID(person.id))
            assert standing is not None
            await replace_roles(connection, standing, [], await lock_roles(connection, wanted=[], held=standing.roles))

    async def outcome(call: Any) -> str:
        try:
            answer = await call
        except DomainError as refusal:
            return refusal.code
        return str(answer.json().get("code", "")) if hasattr(answer, "json") else ""

    routes: list[Callable[[Person, Pair], Any]] = [
        lambda person, _: service_alone.deactivate(person),
        lambda _, pair: service_alone.post_deletion(pair.access),
        lambda person, _: take_the_role(person),
    ]
    calls = [routes[number % len(routes)](*each) for number, each in enumerate(people)]
    outcomes = sorted(await asyncio.gather(*(outcome(each) for each in calls)))
    assert outcomes == [*[""] * 5, "last_admin"]
    left = service_alone.sql("SELECT id FROM users WHERE is_active AND roles @> '{admin}'")
    assert len(left) == 1


async def test_an_inactive_administrator_does_not_count_as_the_last_one(service_alone: Service) -> None:
    (person, pair), (other, _) = await _administrators(service_alone, 2)
    await service_alone.deactivate(other)
    await service_alone.deactivate(other)
    with pytest.raises(LastAdministratorError):
        await service_alone.deactivate(person)
    assert is_problem(await service_alone.post_deletion(pair.access), 409, "last_admin")
    await service_alone.activate(other)
    await service_alone.deactivate(person)


async def test_a_user_without_the_administrator_role_can_always_be_deleted(service_alone: Service) -> None:
    _, pair = await service_alone.register_and_log_in()
    assert (await service_alone.post_deletion(pair.access)).status_code == 202
    async with service_alone.database.transaction() as connection:
        standing = await find_standing(connection, UUID((await service_alone.register()).id))
        assert standing is not None
        await keep_an_administrator(connection, standing)


async def test_only_an_active_user_can_grant_the_scopes_of_the_own_roles(service: Service) -> None:
    person = await service.register()
    auditor = {AdminScope.USERS_READ, AdminScope.AUDIT_READ}
    for roles, active, expected in [(["auditor"], True, auditor), (["auditor"], False, set()), ([], True, set())]:
        give(service, person, *roles)
        service.set_active(person, active=active)
        async with service.database.transaction() as connection:
            assert await lock_grantable_scopes(connection, UUID(person.id)) == expected
    async with service.database.transaction() as connection:
        assert await lock_grantable_scopes(connection, uuid4()) == set()


async def test_the_longest_access_token_logs_out_by_the_standard_form(service: Service) -> None:
    person = await service.register()
    roles = [f"{number:02}{'r' * 60}" for number in range(20)]
    give(service, person, *roles)
    tokens = await service.log_in(person)
    assert len(tokens.access) > 2000
    answer = await service.client.post(REVOKE, data={"token": tokens.access})
    assert (answer.status_code, answer.content) == (200, b"{}")
    assert is_problem(await service.get_me(tokens.access), 401, "invalid_access_token")
