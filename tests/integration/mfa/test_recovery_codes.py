"""Recovery codes over HTTP: each is valid once, instead of any second factor."""

import asyncio

import pytest

from development.client import pair
from tests.integration.accounts.own_account import Owner
from tests.integration.mfa.protected import CODES, FACTORS, OWN_TOTP, Protected
from tests.integration.service import Logs, Service, events, is_problem, statuses

AT_ONCE = 5


async def test_a_code_completes_one_login(service: Service, protected: Protected, logs: Logs) -> None:
    code = protected.codes[0]
    answer = await protected.post_recovery_code(await protected.mfa_token(), code)
    protected.pair = pair(answer)
    session = service.session_of(protected.pair.access)
    assert (session["acr"], session["amr"]) == (2, ["pwd", "otp", "mfa"])
    again = await protected.post_recovery_code(await protected.mfa_token(), code)
    assert is_problem(again, 403, "invalid_second_factor")
    assert (await protected.call("GET", FACTORS)).json()["recovery_codes_left"] == 9
    (used,) = events(logs, "mfa.recovery_code.used")
    assert used["left"] == 9
    types = "SELECT type, data FROM audit_events WHERE user_id = %s AND type = 'factor.code_used'"
    assert service.sql(types, protected.person.id) == [{"type": "factor.code_used", "data": {"left": 9}}]


async def test_each_of_the_ten_codes_is_valid(protected: Protected) -> None:
    for code in protected.codes:
        assert (await protected.post_recovery_code(await protected.mfa_token(), code)).status_code == 200
    assert (await protected.call("GET", FACTORS)).json()["recovery_codes_left"] == 0


async def test_a_code_is_accepted_in_common_spellings(protected: Protected) -> None:
    typed = protected.codes[0].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert (await protected.post_recovery_code(await protected.mfa_token(), typed)).status_code == 200


async def test_one_of_several_concurrent_logins_with_one_code_succeeds(service: Service, protected: Protected) -> None:
    before = len(service.sessions_of(protected.person))
    tokens = [await protected.mfa_token() for _ in range(AT_ONCE)]
    answers = await asyncio.gather(*(protected.post_recovery_code(each, protected.codes[0]) for each in tokens))
    assert statuses(answers) == [200, *[403] * (AT_ONCE - 1)]
    assert len(service.sessions_of(protected.person)) == before + 1


@pytest.mark.parametrize("typed", ["", "123456", "7K3M-Q2XV-9TDA", "x" * 1024])
async def test_an_invalid_code_is_refused(protected: Protected, typed: str) -> None:
    answer = await protected.post_recovery_code(await protected.mfa_token(), typed)
    assert is_problem(answer, 403, "invalid_second_factor")


async def test_a_refused_login_does_not_use_up_the_code(protected: Protected) -> None:
    token = await protected.mfa_token()
    assert (await protected.post_code(token, protected.code())).status_code == 200
    refused = await protected.post_recovery_code(token, protected.codes[0])
    assert is_problem(refused, 422, "invalid_mfa_token")
    assert (await protected.post_recovery_code(await protected.mfa_token(), protected.codes[0])).status_code == 200


async def test_new_codes_replace_the_old_ones(protected: Protected) -> None:
    answer = await protected.call("POST", CODES)
    renewed = answer.json()["recovery_codes"]
    assert answer.status_code == 200
    assert not set(renewed) & set(protected.codes)
    stale = await protected.post_recovery_code(await protected.mfa_token(), protected.codes[0])
    assert is_problem(stale, 403, "invalid_second_factor")
    assert (await protected.post_recovery_code(await protected.mfa_token(), renewed[0])).status_code == 200


async def test_without_a_factor_no_codes_are_created(owner: Owner) -> None:
    assert is_problem(await owner.call("POST", CODES), 409, "no_second_factor")


async def test_after_a_recovery_code_the_lost_factor_can_be_replaced(protected: Protected) -> None:
    """A recovery without help: a code, then the factor is removed and set up again."""
    lost = pair(await protected.post_recovery_code(await protected.mfa_token(), protected.codes[0]))
    protected.pair = lost
    protected.pair = pair(await protected.call("DELETE", OWN_TOTP))
    renewed = await Protected.enrolled(protected)
    assert (await renewed.post_code(await renewed.mfa_token(), renewed.code())).status_code == 200


async def test_wrong_codes_never_throttle_recovery_codes(protected: Protected) -> None:
    """Recovery codes are too long to be guessed: attempts are not counted, and other codes do not use them up."""
    token = await protected.mfa_token()
    for _ in range(6):
        await protected.post_code(token, "000000")
        assert is_problem(await protected.post_recovery_code(token, "7K3M-Q2XV-9TDA"), 403, "invalid_second_factor")
    assert is_problem(await protected.post_code(token, protected.code()), 429, "login_throttled")
    assert (await protected.post_recovery_code(token, protected.codes[0])).status_code == 200
