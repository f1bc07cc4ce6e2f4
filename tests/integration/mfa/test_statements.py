"""The cost of a second factor: statements and commits beyond those of a login with the password."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from development.client import TOKEN
from tests.integration.accounts.own_account import Owner
from tests.integration.mfa.protected import Protected
from tests.integration.service import Service
from tests.integration.statements import statements_of

NEXT_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS number"
"""Only transactions that write get an id."""

TRIES = 3
"""PostgreSQL's own housekeeping gets ids too: the minimum of several counts is the login's."""


def commits(service: Service) -> int:
    return int(service.sql(NEXT_TRANSACTION)[0]["number"])


async def log_in(protected: Protected, known: str) -> httpx.Response:
    """Log in on a known device with both factors."""
    asked = await protected.post_token(**{"Doorward-Device": known})
    answer = await protected.service.client.post(
        "/api/v1/auth/second-factor/totp",
        json={"mfa_token": asked.json()["mfa_token"], "code": protected.code()},
        headers={"Doorward-Device": known},
    )
    protected.next_step()
    return answer


async def least_cost(
    service: Service, login: Callable[[], Awaitable[httpx.Response]], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, int]:
    """Log in several times; return the minimum numbers of statements and of commits."""
    costs = []
    for _ in range(TRIES):
        before = commits(service)
        statements = await statements_of(login(), monkeypatch)
        costs.append((statements, commits(service) - before))
    return min(each[0] for each in costs), min(each[1] for each in costs)


async def test_a_login_with_two_factors_takes_four_more_statements_and_one_more_commit(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = owner.service
    known = (await service.post_login(owner.person)).headers["Doorward-Device"]
    form = {"username": owner.person.username, "password": owner.person.password}

    async def log_in_by_password() -> httpx.Response:
        return await service.client.post(TOKEN, data=form, headers={"Doorward-Device": known})

    assert await least_cost(service, log_in_by_password, monkeypatch) == (7, 2)
    protected = await Protected.enrolled(owner)
    known = (await protected.post_code(await protected.mfa_token(), protected.code())).headers["Doorward-Device"]
    protected.next_step()
    assert await least_cost(service, lambda: log_in(protected, known), monkeypatch) == (11, 3)
    assert service.sessions_of(owner.person)[-1]["acr"] == 2


async def test_all_refused_codes_cost_the_same_number_of_statements(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, protected = owner.service, await Protected.enrolled(owner)
    used = protected.code()
    token = await protected.mfa_token()
    assert (await protected.post_code(token, used)).status_code == 200
    waiting = [await protected.mfa_token() for _ in range(3)]
    wrong = next(each for each in ("000000", "111111", "222222") if each not in {used, protected.code(steps=1)})
    counted = {
        "wrong": await statements_of(protected.post_code(waiting[0], wrong), monkeypatch),
        "used": await statements_of(protected.post_code(waiting[1], used), monkeypatch),
    }
    unknown = [await statements_of(protected.post_recovery_code(waiting[2], "0000-0000-0000"), monkeypatch)]
    service.sql("DELETE FROM totp_factors WHERE user_id = %s", owner.person.id)
    counted["none"] = await statements_of(protected.post_code(waiting[2], wrong), monkeypatch)
    service.sql("DELETE FROM users WHERE id = %s", owner.person.id)
    counted["gone"] = await statements_of(protected.post_code(waiting[2], wrong), monkeypatch)
    unknown.append(await statements_of(protected.post_recovery_code(waiting[2], protected.codes[0]), monkeypatch))
    assert set(counted.values()) == {counted["wrong"]}, counted
    assert unknown == [counted["wrong"] - 1] * 2, "attempts of recovery codes are not counted, which saves a statement"
