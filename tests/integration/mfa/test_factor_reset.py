"""The reset of lost factors: who may do it, and which other resets keep the factors."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from development.client import AUTH, pair
from doorward.domain.administration.models import OPERATOR
from doorward.domain.auth.login.throttling import STRANGERS
from doorward.wiring.throttling import create_throttling
from tests.integration.accounts.own_account import NEW_PASSWORD, is_dead, signed_in
from tests.integration.administration.administrator import signed_in_with, user
from tests.integration.mailbox import make_service_with_mail, next_mail, token_in
from tests.integration.mfa.protected import Protected
from tests.integration.service import FakeClock, Logs, MakeService, Service, events, is_problem

FORGOT = f"{AUTH}/password/forgot"
FRESH = timedelta(minutes=5)
MOMENT = timedelta(microseconds=1)


async def test_support_can_remove_the_lost_factors_of_a_user(
    service: Service, protected: Protected, logs: Logs
) -> None:
    support = await signed_in_with(service, "support")
    answer = await support.call("POST", user(protected.person, "factors/reset"))
    assert answer.status_code == 204
    assert await is_dead(service, protected.pair)
    assert (await service.post_login(protected.person)).status_code == 200
    assert service.sql("SELECT * FROM totp_factors WHERE user_id = %s", protected.person.id) == []
    assert service.sql("SELECT * FROM recovery_codes WHERE user_id = %s", protected.person.id) == []
    (event,) = events(logs, "mfa.factors.reset")
    assert (event["target_user_id"], event["count"]) == (protected.person.id, 1)
    audit = "SELECT actor FROM audit_events WHERE user_id = %s AND type = 'factor.reset'"
    assert service.sql(audit, protected.person.id) == [{"actor": support.person.id}]


async def test_a_reset_requires_a_fresh_proof_of_the_actor(protected: Protected, clock: FakeClock) -> None:
    support = await signed_in_with(protected.service, "support")
    clock.advance(FRESH + MOMENT)
    answer = await support.call("POST", user(protected.person, "factors/reset"))
    assert is_problem(answer, 401, "reauthentication_required")
    support.pair = await support.reauthenticate()
    assert (await support.call("POST", user(protected.person, "factors/reset"))).status_code == 204


@pytest.mark.parametrize(
    ("method", "parts", "body"),
    [
        ("POST", ["factors/reset"], {}),
        ("POST", ["password-reset"], {}),
        ("PATCH", [], {"json": {"email": "another-mailbox@example.com"}}),
        ("DELETE", [], {}),
    ],
)
async def test_administration_routes_on_the_users_own_account_require_a_fresh_proof(
    service: Service, clock: FakeClock, method: str, parts: list[str], body: dict[str, Any]
) -> None:
    admin = await Protected.enrolled(await signed_in_with(service, "admin"))
    clock.advance(FRESH + MOMENT)
    answer = await admin.call(method, user(admin.person, *parts), **body)
    assert is_problem(answer, 401, "reauthentication_required")
    admin.pair = await admin.reauthenticate()
    answer = await admin.call(method, user(admin.person, *parts), **body)
    assert is_problem(answer, 401, "reauthentication_required")
    assert (await admin.post_token()).status_code == 403
    other = await signed_in(service)
    assert (await admin.call("PATCH", user(other.person), json={"locale": "de"})).status_code == 200


async def test_a_reset_without_factors_changes_nothing(service: Service) -> None:
    support, owner = await signed_in_with(service, "support"), await signed_in(service)
    assert (await support.call("POST", user(owner.person, "factors/reset"))).status_code == 204
    assert (await owner.account())["factors"] == []
    assert service.sql("SELECT * FROM audit_events WHERE type = 'factor.reset' AND user_id = %s", owner.person.id) == []


async def test_a_reset_of_the_factors_of_a_user_with_more_rights_is_refused(service: Service) -> None:
    support, admin = await signed_in_with(service, "support"), await signed_in_with(service, "admin")
    protected = await Protected.enrolled(admin)
    answer = await support.call("POST", user(protected.person, "factors/reset"))
    assert is_problem(answer, 403, "beyond_own_scopes")
    assert (await protected.post_token()).status_code == 403


async def test_the_operator_can_remove_factors_like_an_administrator(service: Service, protected: Protected) -> None:
    actions = service.app.state.services.administration.user_actions
    await actions.reset_factors(OPERATOR, UUID(protected.person.id))
    assert (await service.post_login(protected.person)).status_code == 200


async def test_a_mailed_password_reset_keeps_the_second_factor_required(
    make_service: MakeService, tmp_path: Path
) -> None:
    """With access to the mailbox a new password can be set, but the factor is still required."""
    mailing = await make_service_with_mail(make_service, tmp_path)
    owner = await signed_in(mailing)
    await mailing.write("UPDATE users SET email_verified_at = now() WHERE id = %s", owner.person.id)
    protected = await Protected.enrolled(owner)
    assert (await mailing.call("POST", FORGOT, json={"email": protected.person.email})).status_code == 202
    mail = await next_mail(mailing, protected.person.email, "password")
    assert (await mailing.post_reset(token_in(mail), NEW_PASSWORD)).status_code == 204
    asked = await mailing.post_token(protected.person.username, NEW_PASSWORD)
    assert is_problem(asked, 403, "second_factor_required")
    assert (await protected.post_code(asked.json()["mfa_token"], "000000")).status_code == 403
    pair(await protected.post_recovery_code(asked.json()["mfa_token"], protected.codes[0]))


async def test_a_mailed_password_reset_allows_no_more_attempts_of_codes(service: Service) -> None:
    person = await service.register()
    user_id, throttling = UUID(person.id), create_throttling(service.settings.keys, service.database)
    codes = throttling.second_factor_of(STRANGERS)
    await throttling.reserve(user_id, STRANGERS)
    await throttling.reserve(user_id, codes)
    async with service.database.transaction() as connection:
        assert await throttling.forget_wrong_passwords(connection, user_id) == 1
        assert await throttling.forget_all(connection, user_id) == 1


async def test_a_mailed_reset_to_an_address_set_by_an_administrator_keeps_the_factor_required(
    make_service: MakeService, tmp_path: Path
) -> None:
    """The new address is unverified until a mail is confirmed. This does not affect the factor."""
    mailing = await make_service_with_mail(make_service, tmp_path)
    owner = await signed_in(mailing)
    await mailing.write("UPDATE users SET email_verified_at = now() WHERE id = %s", owner.person.id)
    protected = await Protected.enrolled(owner)
    support = await signed_in_with(mailing, "admin")
    other = f"new-{protected.person.username}@example.com"
    assert (await support.call("PATCH", user(protected.person), json={"email": other})).status_code == 200
    assert (await mailing.call("POST", FORGOT, json={"email": other})).status_code == 202
    mail = await next_mail(mailing, other, "password")
    assert (await mailing.post_reset(token_in(mail), NEW_PASSWORD)).status_code == 204
    asked = await mailing.post_token(protected.person.username, NEW_PASSWORD)
    assert is_problem(asked, 403, "second_factor_required")
    pair(await protected.post_code(asked.json()["mfa_token"], protected.code()))


async def test_a_reset_to_an_unverified_address_removes_the_factors_that_another_person_set_up(
    make_service: MakeService, tmp_path: Path
) -> None:
    """An unverified account with a factor: the reset verifies the address and removes the account's factors."""
    mailing = await make_service_with_mail(make_service, tmp_path)
    owner = await signed_in(mailing)
    await mailing.write("UPDATE users SET email_verified_at = now() WHERE id = %s", owner.person.id)
    protected = await Protected.enrolled(owner)
    await mailing.write("UPDATE users SET email_verified_at = NULL WHERE id = %s", owner.person.id)
    assert (await mailing.call("POST", FORGOT, json={"email": protected.person.email})).status_code == 202
    mail = await next_mail(mailing, protected.person.email, "password")
    assert (await mailing.post_reset(token_in(mail), NEW_PASSWORD)).status_code == 204
    assert (await mailing.post_token(protected.person.username, NEW_PASSWORD)).status_code == 200
    assert mailing.sql("SELECT * FROM totp_factors WHERE user_id = %s", owner.person.id) == []
