"""Administration where sessions with two factors are required."""

from datetime import timedelta

import pytest

from development.client import pair
from doorward.domain.auth.callers import ClientCaller
from doorward.domain.auth.factors.exceptions import SecondFactorNeededError
from tests.integration.accounts.own_account import Owner
from tests.integration.administration.administrator import signed_in_with
from tests.integration.mfa.protected import FACTORS, Protected
from tests.integration.service import FakeClock, MakeService, is_problem

USERS = "/api/v1/admin/users"


@pytest.fixture
async def admin(make_service: MakeService) -> Owner:
    return await signed_in_with(await make_service(admin_requires_second_factor=True), "admin")


PRODUCTION: dict[str, object] = {"environment": "production", "bcrypt_rounds": 10}


async def test_production_requires_two_factors_of_administrators_unless_disabled(
    make_service: MakeService,
) -> None:
    admin = await signed_in_with(await make_service(**PRODUCTION), "admin")
    assert is_problem(await admin.call("GET", USERS), 403, "second_factor_needed")
    protected = await Protected.enrolled(admin)
    assert (await protected.call("GET", USERS)).status_code == 200
    protected.pair = await protected.reauthenticate()
    assert is_problem(await protected.call("GET", USERS), 401, "reauthentication_required")
    protected.pair = pair(await protected.post_proof(protected.code()))
    assert (await protected.call("GET", USERS)).status_code == 200
    lenient = await signed_in_with(await make_service(**PRODUCTION, admin_requires_second_factor=False), "admin")
    assert (await lenient.call("GET", USERS)).status_code == 200


async def test_development_requires_no_second_factor_by_default(make_service: MakeService) -> None:
    lenient = await signed_in_with(await make_service(), "admin")
    assert (await lenient.call("GET", USERS)).status_code == 200


async def test_an_administrator_without_a_factor_must_set_one_up_first(admin: Owner) -> None:
    answer = await admin.call("GET", USERS)
    assert is_problem(answer, 403, "second_factor_needed")
    assert (await admin.call("GET", FACTORS)).status_code == 200
    protected = await Protected.enrolled(admin)
    assert (await protected.call("GET", USERS)).status_code == 200


async def test_a_session_with_the_password_only_must_show_the_factor(admin: Owner, clock: FakeClock) -> None:
    protected = await Protected.enrolled(admin)
    protected.pair = await protected.reauthenticate()
    answer = await protected.call("GET", USERS)
    assert is_problem(answer, 401, "reauthentication_required")
    assert answer.headers["www-authenticate"].endswith(', acr_values="2"')
    protected.pair = pair(await protected.post_proof(protected.code()))
    clock.advance(timedelta(minutes=20))
    assert (await protected.call("GET", USERS)).status_code == 200


async def test_a_user_without_the_scope_gets_only_that_error(admin: Owner) -> None:
    other = await signed_in_with(admin.service)
    assert is_problem(await other.call("GET", USERS), 403, "insufficient_scope")


async def test_calls_of_the_users_own_account_require_no_second_factor(admin: Owner) -> None:
    assert (await admin.account())["factors"] == []


async def test_a_caller_without_a_session_cannot_satisfy_the_requirement(admin: Owner) -> None:
    reauthentication = admin.service.app.state.services.own_account.reauthentication
    with pytest.raises(SecondFactorNeededError):
        reauthentication.require_second_factor(ClientCaller("dwc_hourly", frozenset({"admin:users:read"})))
