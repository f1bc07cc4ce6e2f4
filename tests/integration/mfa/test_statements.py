"""What a second factor costs: statements and commits beyond those of a login by password."""

import httpx
import pytest

from tests.integration.accounts.own_account import Owner
from tests.integration.accounts.test_statements import statements_of
from tests.integration.mfa.protected import Protected
from tests.integration.service import Service

NEXT_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS number"
"""Only transactions that write have a number."""


def commits(service: Service) -> int:
    return int(service.sql(NEXT_TRANSACTION)[0]["number"])


async def log_in(protected: Protected, known: str) -> httpx.Response:
    """Log in on a known device, by both factors."""
    asked = await protected.post_token(**{"Doorward-Device": known})
    return await protected.service.client.post(
        "/api/v1/auth/second-factor/totp",
        json={"mfa_token": asked.json()["mfa_token"], "code": protected.code()},
        headers={"Doorward-Device": known},
    )


async def test_a_login_by_two_factors_is_at_most_four_statements_and_one_commit_more(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = owner.service
    known = (await service.post_login(owner.person)).headers["Doorward-Device"]
    headers = {"Doorward-Device": known}
    form = {"username": owner.person.username, "password": owner.person.password}
    before = commits(service)
    by_password = await statements_of(
        service.client.post("/api/v1/auth/token", data=form, headers=headers), monkeypatch
    )
    commits_by_password = commits(service) - before

    protected = await Protected.enrolled(owner)
    known = (await protected.post_code(await protected.mfa_token(), protected.code())).headers["Doorward-Device"]
    protected.next_step()
    before = commits(service)
    by_both = await statements_of(log_in(protected, known), monkeypatch)
    assert (by_password, commits_by_password) == (7, 2)
    assert (by_both, commits(service) - before) == (11, 3)
    assert service.sessions_of(owner.person)[-1]["acr"] == 2


async def test_refused_codes_cost_the_same_statements_whatever_they_were_compared_with(
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
    unknown = await statements_of(protected.post_recovery_code(waiting[2], "0000-0000-0000"), monkeypatch)
    service.sql("DELETE FROM totp_factors WHERE user_id = %s", owner.person.id)
    counted["none"] = await statements_of(protected.post_code(waiting[2], wrong), monkeypatch)
    service.sql("DELETE FROM users WHERE id = %s", owner.person.id)
    counted["gone"] = await statements_of(protected.post_code(waiting[2], wrong), monkeypatch)
    assert (set(counted.values()), unknown) == ({counted["wrong"]}, counted["wrong"]), counted
