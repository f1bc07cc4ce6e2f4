"""Remembered devices, which skip the second factor: disabled by default, and no proof of two factors."""

from datetime import timedelta

import httpx
import pytest

from development.client import TOKEN, pair
from tests.integration.accounts.own_account import signed_in
from tests.integration.mfa.protected import CODES, TOTP, Protected
from tests.integration.service import FakeClock, MakeService, Service, is_problem

DAYS = timedelta(days=30)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
async def remembering(make_service: MakeService) -> Protected:
    """Return a person with a second factor, where devices may be remembered for 30 days."""
    service = await make_service(remembered_device_days=30)
    return await Protected.enrolled(await signed_in(service))


async def remembered(protected: Protected, *, remember_device: bool = True) -> str:
    """Complete a login, and return the token of its device."""
    answer = await protected.post_code(await protected.mfa_token(), protected.code(), remember_device=remember_device)
    protected.next_step()
    protected.pair = pair(answer)
    return answer.headers["Doorward-Device"]


async def log_in_on(protected: Protected, device: str) -> httpx.Response:
    return await protected.post_token(**{"Doorward-Device": device})


async def test_a_remembered_device_logs_in_with_the_password_only_and_proves_one_factor(
    remembering: Protected,
) -> None:
    device = await remembered(remembering)
    answer = await log_in_on(remembering, device)
    remembering.pair = pair(answer)
    assert answer.headers["Doorward-Device"] == device
    session = remembering.service.session_of(remembering.pair.access)
    assert (session["acr"], session["amr"]) == (1, ["pwd"])
    assert is_problem(await remembering.call("POST", CODES), 401, "reauthentication_required")
    remembering.pair = pair(await remembering.post_proof(remembering.code()))
    assert (await remembering.call("POST", CODES)).status_code == 200


async def test_a_remembered_device_expires_after_30_days(remembering: Protected, clock: FakeClock) -> None:
    device = await remembered(remembering)
    clock.advance(DAYS - timedelta(seconds=30) - MOMENT)
    assert (await log_in_on(remembering, device)).status_code == 200
    clock.advance(MOMENT)
    assert (await log_in_on(remembering, device)).status_code == 403


@pytest.mark.parametrize(("days", "status"), [(0, 403), (9, 403), (11, 200)])
async def test_the_operators_current_setting_applies_to_remembered_devices(
    remembering: Protected, make_service: MakeService, clock: FakeClock, days: int, status: int
) -> None:
    device = await remembered(remembering)
    clock.advance(timedelta(days=10))
    keys = remembering.service.settings.keys
    remembering.service = await make_service(remembered_device_days=days, secret_key=keys.secret_key)
    assert (await log_in_on(remembering, device)).status_code == status


async def test_a_device_without_the_request_is_not_remembered(remembering: Protected) -> None:
    assert (await log_in_on(remembering, await remembered(remembering, remember_device=False))).status_code == 403


async def test_another_device_must_show_the_factor(remembering: Protected) -> None:
    await remembered(remembering)
    assert (await remembering.post_token()).status_code == 403


async def test_a_login_completed_with_another_persons_device_token_gets_a_new_device(remembering: Protected) -> None:
    other = await Protected.enrolled(await signed_in(remembering.service))
    device = await remembered(other, remember_device=False)
    body = {"mfa_token": await remembering.mfa_token(), "code": remembering.code(), "remember_device": True}
    answer = await remembering.service.client.post(TOTP, json=body, headers={"Doorward-Device": device})
    remembering.pair = pair(answer)
    assert (await log_in_on(remembering, answer.headers["Doorward-Device"])).status_code == 200
    assert (await log_in_on(other, device)).status_code == 403


async def test_a_remembered_device_still_requires_the_password(remembering: Protected) -> None:
    form = {"username": remembering.person.username, "password": "not the password"}
    headers = {"Doorward-Device": await remembered(remembering)}
    answer = await remembering.service.client.post(TOKEN, data=form, headers=headers)
    assert is_problem(answer, 401, "invalid_credentials")


@pytest.mark.parametrize("end", ["password", "sessions", "epoch"])
async def test_a_remembered_device_is_forgotten_when_the_epoch_ends(remembering: Protected, end: str) -> None:
    device = await remembered(remembering)
    if end == "password":
        remembering.pair = await remembering.change_password()
        remembering.person = type(remembering.person)(
            remembering.person.id, remembering.person.email, remembering.person.username, "three red kites circling"
        )
    elif end == "sessions":
        body = {"which": "all"}
        assert (await remembering.call("POST", "/api/v1/account/sessions/end", json=body)).status_code == 204
    else:
        remembering.service.sql(
            "UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", remembering.person.id
        )
    assert (await log_in_on(remembering, device)).status_code == 403


async def test_by_default_no_device_is_remembered(service: Service, protected: Protected) -> None:
    device = await remembered(protected)
    assert (await log_in_on(protected, device)).status_code == 403
    assert (
        service.sql("SELECT id FROM devices WHERE trusted_at IS NOT NULL AND user_id = %s", protected.person.id) == []
    )
