"""A session shows the second factor again: what rises, and what does not."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest

from development.client import pair
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from tests.integration.accounts.own_account import ACCOUNT, Owner, is_alive, is_dead
from tests.integration.mfa.protected import CODES, Protected
from tests.integration.service import FakeClock, Logs, Service, events, is_problem, statuses

FRESH = timedelta(minutes=5)
MOMENT = timedelta(microseconds=1)


async def test_a_code_is_a_fresh_proof_by_two_factors_and_older_tokens_never_rise(
    service: Service, protected: Protected, clock: FakeClock
) -> None:
    clock.advance(FRESH + MOMENT)
    before = protected.pair
    assert is_problem(await protected.call("POST", CODES), 401, "reauthentication_required")
    protected.pair = pair(await protected.post_proof(protected.code()))
    session = service.sessions_of(protected.person)[-1]
    assert (session["acr"], session["amr"]) == (2, ["mfa", "otp", "pwd"])
    assert session["authenticated_at"] == clock.present
    assert await is_dead(service, before)
    assert (await protected.call("POST", CODES)).status_code == 200
    assert await is_alive(service, protected.pair)


async def test_tokens_say_what_the_session_has_shown_and_a_refresh_makes_none_of_it_newer(
    service: Service, owner: Owner, clock: FakeClock
) -> None:
    """Also with HS256: an application in front of the service need not ask whether two factors were shown."""
    assert told_by(owner.pair.access) == (None, None, None)
    protected = await Protected.enrolled(owner)
    begun = int(clock.present.timestamp()) - 30
    by_both = ("2", ["mfa", "otp", "pwd"], begun)
    assert told_by(protected.pair.access) == by_both
    clock.advance(FRESH)
    protected.pair = await service.refresh(protected.pair.refresh)
    assert told_by(protected.pair.access) == by_both
    protected.pair = pair(await protected.post_proof(protected.code()))
    assert told_by(protected.pair.access) == ("2", ["mfa", "otp", "pwd"], int(clock.present.timestamp()))
    protected.pair = await protected.reauthenticate()
    assert told_by(protected.pair.access) == (None, None, None)


async def test_an_access_token_from_before_the_proof_never_gains_by_it(protected: Protected) -> None:
    """A token of the session that was stolen before is refused, and so says nothing more than it said."""
    protected.pair = await protected.reauthenticate()
    stolen = protected.pair
    protected.pair = pair(await protected.post_proof(protected.code()))
    assert told_by(stolen.access) == (None, None, None)
    assert is_problem(await protected.service.get_me(stolen.access), 401, "invalid_access_token")
    assert is_problem(await protected.service.post_refresh(stolen.refresh), 401, "invalid_refresh_token")
    assert (await protected.call("POST", CODES)).status_code == 200


def told_by(token: str) -> tuple[object, object, object]:
    """Return what an access token says of the sign-in."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return claims.get("acr"), claims.get("amr"), claims.get("auth_time")


async def test_the_password_alone_does_not_open_what_needs_the_factor(
    service: Service, protected: Protected, clock: FakeClock
) -> None:
    clock.advance(FRESH + MOMENT)
    protected.pair = await protected.reauthenticate()
    assert service.sessions_of(protected.person)[-1]["acr"] == 1
    assert is_problem(await protected.rename("kite"), 401, "reauthentication_required")
    protected.pair = pair(await protected.post_proof(protected.code()))
    assert (await protected.rename(f"k-{protected.person.username[:28]}")).status_code == 200


async def test_a_code_works_once_also_as_a_proof(protected: Protected, logs: Logs) -> None:
    code = protected.code()
    protected.pair = pair(await protected.post_proof(code))
    assert is_problem(await protected.post_proof(code), 403, "invalid_second_factor")
    assert is_problem(await protected.post_code(await protected.mfa_token(), code), 403, "invalid_second_factor")
    assert {line["reason"] for line in events(logs, "auth.second_factor.refused")} == {"used"}


async def test_a_recovery_code_is_a_proof_and_is_used_up(protected: Protected) -> None:
    protected.pair = pair(await protected.post_proof(protected.codes[0]))
    assert is_problem(await protected.post_proof(protected.codes[0]), 403, "invalid_second_factor")
    assert (await protected.call("POST", CODES)).status_code == 200


async def test_a_wrong_code_leaves_the_session_as_it_was(service: Service, protected: Protected) -> None:
    before = service.sessions_of(protected.person)
    assert is_problem(await protected.post_proof("000000"), 403, "invalid_second_factor")
    assert service.sessions_of(protected.person) == before
    assert await is_alive(service, protected.pair)


async def test_without_a_factor_no_code_is_right(owner: Owner) -> None:
    for code in ("123456", "7K3M-Q2XV-9TDA"):
        answer = await owner.call("POST", f"{ACCOUNT}/reauthenticate", json={"code": code})
        assert is_problem(answer, 403, "invalid_second_factor")


@pytest.mark.parametrize("body", [{}, {"password": "x", "code": "123456"}, {"password": None}])
async def test_a_proof_is_either_a_password_or_a_code(owner: Owner, body: dict[str, str]) -> None:
    answer = await owner.call("POST", f"{ACCOUNT}/reauthenticate", json=body)
    assert is_problem(answer, 422, "invalid_request")


async def test_wrong_codes_in_a_session_are_counted_apart_from_those_of_logins(protected: Protected) -> None:
    for _ in range(5):
        assert is_problem(await protected.post_proof("000000"), 403, "invalid_second_factor")
    assert is_problem(await protected.post_proof(protected.code()), 429, "login_throttled")
    assert (await protected.post_code(await protected.mfa_token(), protected.code())).status_code == 200


async def test_neither_a_proof_by_the_password_nor_another_session_gives_more_tries_of_codes(
    service: Service, protected: Protected
) -> None:
    """Whoever has the password gets as many proofs by it as wanted, and on a remembered device as many sessions."""
    other = replace(protected, pair=await protected.log_in())
    for _ in range(5):
        protected.pair = await protected.reauthenticate()
        assert is_problem(await protected.post_proof("000000"), 403, "invalid_second_factor")
    assert is_problem(await protected.post_proof(protected.code()), 429, "login_throttled")
    assert is_problem(await other.post_proof(protected.code()), 429, "login_throttled")
    service.sql("UPDATE login_throttles SET next_at = clock_timestamp()")
    protected.pair = pair(await protected.post_proof(protected.code()))
    protected.next_step()
    assert (await other.post_proof(protected.code())).status_code == 200


async def test_a_proof_by_a_code_gives_no_more_tries_of_the_password(protected: Protected) -> None:
    for _ in range(LOGIN_CURVE.free):
        assert is_problem(await protected.post_reauthenticate("a guess of the password"), 403, "wrong_password")
    protected.pair = pair(await protected.post_proof(protected.code()))
    assert is_problem(await protected.post_reauthenticate("a guess of the password"), 429, "login_throttled")


async def test_of_several_proofs_at_once_by_one_code_one_is_made(protected: Protected) -> None:
    code = protected.code()
    answers = await asyncio.gather(*(protected.post_proof(code) for _ in range(5)))
    assert statuses(answers).count(200) == 1
    assert set(statuses(answers)) <= {200, 401, 403}


async def test_a_new_password_does_not_keep_what_the_factor_has_proven(service: Service, protected: Protected) -> None:
    protected.pair = await protected.change_password()
    assert service.sessions_of(protected.person)[-1]["acr"] == 1
    assert is_problem(await protected.rename("kite"), 401, "reauthentication_required")
