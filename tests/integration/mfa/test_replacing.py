"""Replacing the authenticator application in one step."""

import asyncio
from datetime import timedelta

import httpx
import pyotp

from development.client import pair
from tests.integration.accounts.own_account import ACCOUNT, Owner, is_alive, is_dead
from tests.integration.mfa.protected import FACTORS, OWN_TOTP, Protected, application_of
from tests.integration.service import FakeClock, Logs, Service, events, is_problem, statuses

REPLACE = f"{OWN_TOTP}?replace=true"
FRESH = timedelta(minutes=5)
REFUSED = "invalid_second_factor"


async def begin(protected: Protected) -> tuple[str, pyotp.TOTP]:
    """Request another application; return the token, and the application with the new secret."""
    answer = await protected.call("POST", REPLACE)
    return answer.json()["token"], application_of(answer)


async def confirm(protected: Protected, token: str, application: pyotp.TOTP) -> httpx.Response:
    return await protected.post_confirm(token, application.at(protected.service.clock.present))


async def replaced(protected: Protected) -> Protected:
    """Replace the application; return the person with the new one."""
    answer = await confirm(protected, *(begun := await begin(protected)))
    assert answer.status_code == 200, answer.text
    assert answer.json()["recovery_codes"] == []
    protected.next_step()
    return Protected(protected.service, protected.person, pair(answer), begun[1], protected.codes)


async def test_the_new_application_replaces_the_old_one_at_its_confirmation(
    service: Service, protected: Protected, logs: Logs
) -> None:
    other = await protected.log_in()
    protected.pair = pair(await protected.post_proof(protected.code()))
    token, application = await begin(protected)
    # The old application stays valid until a code of the new one is shown.
    protected.next_step()
    assert (await protected.post_code(await protected.mfa_token(), protected.code())).status_code == 200
    protected.pair = pair(await confirm(protected, token, application))
    protected.next_step()
    assert is_problem(await protected.post_code(await protected.mfa_token(), protected.code()), 403, REFUSED)
    renewed = Protected(service, protected.person, protected.pair, application, protected.codes)
    assert (await renewed.post_code(await renewed.mfa_token(), renewed.code())).status_code == 200
    assert await is_dead(service, other)
    assert await is_alive(service, protected.pair)
    (event,) = events(logs, "mfa.totp.replaced")
    assert event["user_id"] == protected.person.id
    audit = "SELECT type FROM audit_events WHERE user_id = %s AND type LIKE 'factor.%%' ORDER BY id"
    types = [row["type"] for row in service.sql(audit, protected.person.id)]
    assert types == ["factor.totp_added", "factor.codes_made", "factor.totp_replaced"]


async def test_the_recovery_codes_stay_valid(protected: Protected) -> None:
    before = (await protected.call("GET", FACTORS)).json()["factors"][0]["id"]
    renewed = await replaced(protected)
    listed = (await renewed.call("GET", FACTORS)).json()
    assert (len(listed["factors"]), listed["recovery_codes_left"]) == (1, 10)
    assert listed["factors"][0]["id"] != before
    assert (await renewed.post_recovery_code(await renewed.mfa_token(), protected.codes[0])).status_code == 200


async def test_a_replacement_requires_a_fresh_proof_with_the_old_factor(protected: Protected, clock: FakeClock) -> None:
    """The password alone is refused, and so is a proof that is too old."""
    protected.pair = await protected.reauthenticate()
    answer = await protected.call("POST", REPLACE)
    assert is_problem(answer, 401, "reauthentication_required")
    assert 'acr_values="2"' in answer.headers["www-authenticate"]
    protected.pair = pair(await protected.post_proof(protected.code()))
    clock.advance(FRESH + timedelta(microseconds=1))
    assert is_problem(await protected.call("POST", REPLACE), 401, "reauthentication_required")


async def test_a_session_with_the_password_only_cannot_confirm_a_replacement(protected: Protected) -> None:
    """This holds even with the token and the code of a session that has shown the factor."""
    token, application = await begin(protected)
    weak = Owner(protected.service, protected.person, await protected.reauthenticate())
    body = {"token": token, "code": application.at(protected.service.clock.present)}
    answer = await weak.call("POST", f"{OWN_TOTP}/confirm", json=body)
    assert is_problem(answer, 401, "reauthentication_required")
    assert (await protected.post_token()).status_code == 403
    weak.pair = pair(await weak.call("POST", f"{ACCOUNT}/reauthenticate", json={"code": protected.code()}))
    assert (await weak.call("POST", f"{OWN_TOTP}/confirm", json=body)).status_code == 200


async def test_without_the_parameter_nothing_is_replaced(protected: Protected) -> None:
    refusal = await protected.call("POST", OWN_TOTP)
    assert is_problem(refusal, 409, "totp_exists")
    assert "?replace=true" in refusal.json()["detail"]


async def test_one_of_several_concurrent_replacements_succeeds(service: Service, protected: Protected) -> None:
    begun = [await begin(protected) for _ in range(4)]
    answers = await asyncio.gather(*(confirm(protected, *each) for each in (*begun, *begun)))
    assert statuses(answers) == [200, *[401] * 7]
    assert len(service.sql("SELECT * FROM totp_factors WHERE user_id = %s", protected.person.id)) == 1


async def test_a_concurrent_login_with_the_old_application_leaves_no_session(
    service: Service, protected: Protected
) -> None:
    """In either order, a session that the old application started ends with it."""
    token, application = await begin(protected)
    waiting, code = await protected.mfa_token(), protected.code()
    confirmed, logged_in = await asyncio.gather(
        confirm(protected, token, application), protected.post_code(waiting, code)
    )
    assert confirmed.status_code == 200
    if logged_in.status_code == 200:
        assert await is_dead(service, pair(logged_in))
    assert await is_alive(service, pair(confirmed))


async def test_without_an_application_a_replacement_sets_one_up(owner: Owner) -> None:
    answer = await owner.call("POST", REPLACE)
    protected = Protected(owner.service, owner.person, owner.pair, application_of(answer))
    confirmed = await confirm(protected, answer.json()["token"], protected.application)
    assert len(confirmed.json()["recovery_codes"]) == 10
