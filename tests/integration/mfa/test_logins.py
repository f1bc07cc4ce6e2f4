"""Logins of accounts with a second factor, over HTTP."""

import asyncio
from datetime import timedelta
from uuid import UUID

import bcrypt
import psycopg
import pytest

from development.client import TOKEN, pair
from doorward.wiring.throttling import create_throttling
from tests.integration.accounts.own_account import Owner, is_alive, signed_in
from tests.integration.mfa.protected import OWN_TOTP, TOTP, Protected
from tests.integration.service import FakeClock, Logs, Service, claims_of, events, is_problem, statuses

AT_ONCE = 100
LIFE = timedelta(seconds=300)
MOMENT = timedelta(microseconds=1)


async def test_the_correct_password_returns_a_token_for_the_second_step_and_stores_nothing(
    service: Service, protected: Protected
) -> None:
    before = len(service.sessions_of(protected.person))
    answer = await protected.post_token()
    body = answer.json()
    assert is_problem(answer, 403, "second_factor_required")
    assert (body["error"], body["methods"]) == ("mfa_required", ["totp", "recovery-code"])
    assert body["mfa_token"].startswith("dwt_")
    assert "Doorward-Device" not in answer.headers
    assert len(service.sessions_of(protected.person)) == before
    assert (await service.get_me(body["mfa_token"])).status_code == 401


async def test_a_wrong_password_does_not_reveal_the_factor(service: Service, protected: Protected) -> None:
    answer = await service.client.post(TOKEN, data={"username": protected.person.username, "password": "wrong"})
    assert is_problem(answer, 401, "invalid_credentials")
    assert "mfa_token" not in answer.json()


async def test_the_code_starts_the_requested_session(service: Service, protected: Protected) -> None:
    answer = await protected.post_code(await protected.mfa_token(), protected.code())
    assert set(answer.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert answer.headers["Doorward-Device"].startswith("dwd_")
    session = service.session_of(answer.json()["access_token"])
    assert (session["acr"], session["amr"]) == (2, ["pwd", "otp", "mfa"])
    assert (session["scopes"], session["authenticated_at"]) == (["account"], service.clock.present)
    assert await is_alive(service, pair(answer))


async def test_a_used_code_is_refused_in_its_own_step_and_in_the_next(
    service: Service, protected: Protected, logs: Logs
) -> None:
    code = protected.code()
    assert (await protected.post_code(await protected.mfa_token(), code)).status_code == 200
    again = await protected.post_code(await protected.mfa_token(), code)
    protected.next_step()
    in_the_next = await protected.post_code(await protected.mfa_token(), code)
    assert is_problem(again, 403, "invalid_second_factor")
    assert is_problem(in_the_next, 403, "invalid_second_factor")
    assert [line["reason"] for line in events(logs, "auth.second_factor.refused")] == ["used", "used"]
    assert (await protected.post_code(await protected.mfa_token(), protected.code())).status_code == 200
    assert sorted(each["acr"] for each in service.sessions_of(protected.person)) == [1, 2, 2, 2]


async def test_an_earlier_code_is_refused_after_a_later_one(protected: Protected) -> None:
    assert (await protected.post_code(await protected.mfa_token(), protected.code(steps=1))).status_code == 200
    for steps in (-1, 0, 1):
        answer = await protected.post_code(await protected.mfa_token(), protected.code(steps=steps))
        assert is_problem(answer, 403, "invalid_second_factor")


async def test_one_of_a_hundred_concurrent_uses_of_a_code_starts_a_session(
    service: Service, protected: Protected
) -> None:
    """Each has its own token and device: only the code is shared."""
    before = len(service.sessions_of(protected.person))
    tokens = [await protected.mfa_token() for _ in range(5)]
    code = protected.code()
    tries = (protected.post_code(tokens[number % 5], code) for number in range(AT_ONCE))
    answers = await asyncio.gather(*tries)
    assert statuses(answers).count(200) == 1
    assert set(statuses(answers)) <= {200, 403, 422, 429}
    assert len(service.sessions_of(protected.person)) == before + 1


async def test_a_token_completes_only_one_login(protected: Protected) -> None:
    token = await protected.mfa_token()
    assert (await protected.post_code(token, protected.code())).status_code == 200
    protected.next_step()
    assert is_problem(await protected.post_code(token, protected.code()), 422, "invalid_mfa_token")


async def test_a_wrong_code_leaves_the_token_valid(protected: Protected) -> None:
    token = await protected.mfa_token()
    assert is_problem(await protected.post_code(token, "000000"), 403, "invalid_second_factor")
    assert (await protected.post_code(token, protected.code())).status_code == 200


async def test_a_token_is_valid_for_five_minutes(protected: Protected, clock: FakeClock) -> None:
    first, second = await protected.mfa_token(), await protected.mfa_token()
    clock.advance(LIFE - MOMENT)
    assert (await protected.post_code(first, protected.code())).status_code == 200
    clock.advance(MOMENT)
    protected.next_step()
    assert is_problem(await protected.post_code(second, protected.code()), 422, "invalid_mfa_token")


@pytest.mark.parametrize("made_up", ["", "dwt_", "dwt_AAAA", "x" * 12_000])
async def test_a_forged_token_is_refused_without_a_query(service: Service, protected: Protected, made_up: str) -> None:
    before = service.connections_asked_for()
    assert is_problem(await protected.post_code(made_up, protected.code()), 422, "invalid_mfa_token")
    assert service.connections_asked_for() == before


async def test_a_token_of_another_kind_is_refused(protected: Protected, owner: Owner) -> None:
    other = await signed_in(protected.service)
    enrolment = (await other.call("POST", OWN_TOTP)).json()["token"]
    assert is_problem(await protected.post_code(enrolment, protected.code()), 422, "invalid_mfa_token")
    assert owner.person == protected.person


async def test_another_persons_code_does_not_complete_a_login(protected: Protected) -> None:
    other = await Protected.enrolled(await signed_in(protected.service))
    answer = await protected.post_code(await protected.mfa_token(), other.code())
    assert is_problem(answer, 403, "invalid_second_factor")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s",
        "UPDATE users SET is_active = false WHERE id = %s",
        "UPDATE users SET must_change_password = true WHERE id = %s",
        "DELETE FROM totp_factors WHERE user_id = %s",
        "DELETE FROM users WHERE id = %s",
    ],
)
async def test_a_change_that_ends_the_users_sessions_ends_a_pending_login(
    service: Service, protected: Protected, change: str
) -> None:
    token, code = await protected.mfa_token(), protected.code()
    service.sql(change, protected.person.id)
    before = len(service.sessions_of(protected.person))
    assert is_problem(await protected.post_code(token, code), 403, "invalid_second_factor")
    assert len(service.sessions_of(protected.person)) == before


async def test_the_device_of_the_password_is_recognized_after_the_code(protected: Protected) -> None:
    first = await protected.post_code(await protected.mfa_token(), protected.code())
    protected.next_step()
    known = first.headers["Doorward-Device"]
    asked = (await protected.post_token(**{"Doorward-Device": known})).json()["mfa_token"]
    answer = await protected.service.client.post(
        TOTP,
        json={"mfa_token": asked, "code": protected.code()},
        headers={"Doorward-Device": known},
    )
    assert answer.headers["Doorward-Device"] == known
    devices = protected.service.sql("SELECT id FROM devices WHERE user_id = %s", protected.person.id)
    assert len(devices) == 2


async def test_a_login_without_a_factor_gets_the_usual_response(owner: Owner) -> None:
    answer = await owner.service.post_login(owner.person)
    assert answer.status_code == 200
    assert claims_of(answer.json()["access_token"]).get("acr") is None


async def test_the_attempt_after_five_wrong_codes_is_throttled(
    service: Service, protected: Protected, logs: Logs
) -> None:
    token = await protected.mfa_token()
    for _ in range(5):
        assert is_problem(await protected.post_code(token, "000000"), 403, "invalid_second_factor")
    held = await protected.post_code(token, protected.code())
    assert is_problem(held, 429, "login_throttled")
    assert 0 < int(held.headers["retry-after"]) <= 30
    assert [line["counted_as"] for line in events(logs, "auth.login.throttled")] == ["second_factor"]
    service.sql("UPDATE login_throttles SET next_at = clock_timestamp()")
    assert (await protected.post_code(token, protected.code())).status_code == 200


async def test_a_success_resets_the_failures_of_password_and_code(service: Service, protected: Protected) -> None:
    token = await protected.mfa_token()
    await protected.post_code(token, "000000")
    throttling = create_throttling(service.settings.keys, service.database)
    bucket = throttling.bucket(UUID(protected.person.id))
    counted = service.sql("SELECT client FROM login_throttles WHERE bucket = %s", bucket)
    assert sorted(bytes(row["client"]).split(b"\0")[0] for row in counted) == [b"address", b"second_factor"]
    assert (await protected.post_code(token, protected.code())).status_code == 200
    assert service.sql("SELECT * FROM login_throttles WHERE bucket = %s", bucket) == []


async def test_an_outdated_hash_is_replaced_after_the_password_and_before_the_code(
    service: Service, protected: Protected
) -> None:
    outdated = bcrypt.hashpw(protected.person.password.encode(), bcrypt.gensalt(4)).decode()
    service.sql("UPDATE users SET password_hash = %s WHERE id = %s", outdated, protected.person.id)
    token = await protected.mfa_token()
    (user,) = service.sql("SELECT password_hash FROM users WHERE id = %s", protected.person.id)
    assert user["password_hash"].startswith("$bcrypt-sha256$")
    assert (await protected.post_code(token, protected.code())).status_code == 200


async def test_a_factor_added_during_the_password_check_is_required(service: Service, owner: Owner) -> None:
    """The epoch stays the same in this test; the factor is checked under the lock all the same."""
    with psycopg.connect(service.database_url) as adding:
        adding.execute("UPDATE users SET second_factor = '{totp}' WHERE id = %s", (owner.person.id,))
        login = asyncio.create_task(service.post_login(owner.person))
        await service.locks_are_waited_for(1)
        adding.commit()
    assert is_problem(await login, 403, "second_factor_required")
