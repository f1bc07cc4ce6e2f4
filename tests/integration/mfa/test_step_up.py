"""A session shows the second factor again: what the proof changes, and what it does not."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from development.client import pair
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from tests.integration.accounts.own_account import ACCOUNT, Owner, is_alive, is_dead
from tests.integration.mfa.protected import CODES, Protected
from tests.integration.service import FakeClock, Logs, Service, claims_of, events, is_problem, statuses

FRESH = timedelta(minutes=5)
MOMENT = timedelta(microseconds=1)


async def test_a_code_is_a_fresh_proof_with_two_factors_and_ends_older_tokens(
    service: Service, protected: Protected, clock: FakeClock
) -> None:
    clock.advance(FRESH + MOMENT)
    before = protected.pair
    assert is_problem(await protected.call("POST", CODES), 401, "reauthentication_required")
    protected.pair = pair(await protected.post_proof(protected.code()))
    session = service.session_of(protected.pair.access)
    assert (session["acr"], session["amr"]) == (2, ["mfa", "otp", "pwd"])
    assert session["authenticated_at"] == clock.present
    assert await is_dead(service, before)
    assert (await protected.call("POST", CODES)).status_code == 200
    assert await is_alive(service, protected.pair)


async def test_tokens_contain_the_shown_factors_and_a_refresh_keeps_the_time_of_the_proof(
    service: Service, owner: Owner, clock: FakeClock
) -> None:
    """This also applies to HS256: an application need not ask the service whether two factors were shown."""
    assert sign_in_claims(owner.pair.access) == (None, None, None)
    protected = await Protected.enrolled(owner)
    begun = int(clock.present.timestamp()) - 30
    by_both = ("2", ["mfa", "otp", "pwd"], begun)
    assert sign_in_claims(protected.pair.access) == by_both
    clock.advance(FRESH)
    protected.pair = await service.refresh(protected.pair.refresh)
    assert sign_in_claims(protected.pair.access) == by_both
    protected.pair = pair(await protected.post_proof(protected.code()))
    assert sign_in_claims(protected.pair.access) == ("2", ["mfa", "otp", "pwd"], int(clock.present.timestamp()))
    protected.pair = await protected.reauthenticate()
    assert sign_in_claims(protected.pair.access) == (None, None, None)


async def test_an_access_token_from_before_the_proof_is_refused(protected: Protected) -> None:
    """A token that was stolen before the proof is refused, and its claims stay the same."""
    protected.pair = await protected.reauthenticate()
    stolen = protected.pair
    protected.pair = pair(await protected.post_proof(protected.code()))
    assert sign_in_claims(stolen.access) == (None, None, None)
    assert is_problem(await protected.service.get_me(stolen.access), 401, "invalid_access_token")
    assert is_problem(await protected.service.post_refresh(stolen.refresh), 401, "invalid_refresh_token")
    assert (await protected.call("POST", CODES)).status_code == 200


def sign_in_claims(token: str) -> tuple[object, object, object]:
    """Return the claims of an access token about the sign-in."""
    claims = claims_of(token)
    return claims.get("acr"), claims.get("amr"), claims.get("auth_time")


async def test_the_password_alone_is_refused_where_the_factor_is_required(
    service: Service, protected: Protected, clock: FakeClock
) -> None:
    clock.advance(FRESH + MOMENT)
    protected.pair = await protected.reauthenticate()
    assert service.session_of(protected.pair.access)["acr"] == 1
    assert is_problem(await protected.rename("kite"), 401, "reauthentication_required")
    protected.pair = pair(await protected.post_proof(protected.code()))
    assert (await protected.rename(f"k-{protected.person.username[:28]}")).status_code == 200


async def test_a_code_is_valid_once_even_as_a_proof(protected: Protected, logs: Logs) -> None:
    code = protected.code()
    protected.pair = pair(await protected.post_proof(code))
    assert is_problem(await protected.post_proof(code), 403, "invalid_second_factor")
    assert is_problem(await protected.post_code(await protected.mfa_token(), code), 403, "invalid_second_factor")
    assert {line["reason"] for line in events(logs, "auth.second_factor.refused")} == {"used"}


async def test_a_recovery_code_is_a_proof_and_is_used_up(protected: Protected) -> None:
    protected.pair = pair(await protected.post_proof(protected.codes[0]))
    assert is_problem(await protected.post_proof(protected.codes[0]), 403, "invalid_second_factor")
    assert (await protected.call("POST", CODES)).status_code == 200


async def test_a_wrong_code_does_not_change_the_session(service: Service, protected: Protected) -> None:
    before = service.sessions_of(protected.person)
    assert is_problem(await protected.post_proof("000000"), 403, "invalid_second_factor")
    assert service.sessions_of(protected.person) == before
    assert await is_alive(service, protected.pair)


async def test_without_a_factor_every_code_is_refused(owner: Owner) -> None:
    for code in ("123456", "7K3M-Q2XV-9TDA"):
        answer = await owner.call("POST", f"{ACCOUNT}/reauthenticate", json={"code": code})
        assert is_problem(answer, 403, "invalid_second_factor")


@pytest.mark.parametrize("body", [{}, {"password": "x", "code": "123456"}, {"password": None}])
async def test_a_proof_is_either_a_password_or_a_code(owner: Owner, body: dict[str, str]) -> None:
    answer = await owner.call("POST", f"{ACCOUNT}/reauthenticate", json=body)
    assert is_problem(answer, 422, "invalid_request")


async def test_wrong_codes_in_a_session_are_counted_separately_from_those_of_logins(protected: Protected) -> None:
    for _ in range(5):
        assert is_problem(await protected.post_proof("000000"), 403, "invalid_second_factor")
    assert is_problem(await protected.post_proof(protected.code()), 429, "login_throttled")
    assert (await protected.post_code(await protected.mfa_token(), protected.code())).status_code == 200


async def test_a_proof_by_password_and_another_session_allow_no_more_attempts_of_codes(
    service: Service, protected: Protected
) -> None:
    """With the password any number of proofs is possible, and on a remembered device any number of sessions."""
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


async def test_a_proof_by_a_code_allows_no_more_attempts_of_the_password(protected: Protected) -> None:
    for _ in range(LOGIN_CURVE.free):
        assert is_problem(await protected.post_reauthenticate("a guess of the password"), 403, "wrong_password")
    protected.pair = pair(await protected.post_proof(protected.code()))
    assert is_problem(await protected.post_reauthenticate("a guess of the password"), 429, "login_throttled")


async def test_one_of_several_concurrent_proofs_with_one_code_succeeds(protected: Protected) -> None:
    code = protected.code()
    answers = await asyncio.gather(*(protected.post_proof(code) for _ in range(5)))
    assert statuses(answers).count(200) == 1
    assert set(statuses(answers)) <= {200, 401, 403}


async def test_a_password_change_removes_the_proof_of_the_factor(service: Service, protected: Protected) -> None:
    protected.pair = await protected.change_password()
    assert service.session_of(protected.pair.access)["acr"] == 1
    assert is_problem(await protected.rename("kite"), 401, "reauthentication_required")
