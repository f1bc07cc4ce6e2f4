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
