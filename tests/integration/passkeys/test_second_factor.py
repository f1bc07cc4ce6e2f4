"""A passkey after the password: it completes one login of its own user."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.integration.passkeys.keyring import (
    OPTIONS,
    SECOND_FACTOR,
    Keyring,
    acr_and_amr_of,
    keyring_with_passkey,
    login_options,
    new_keyring,
    post_login,
)
from tests.integration.service import Service, is_problem, statuses


async def waiting_login(keyring: Keyring) -> str:
    """Log in with the password; return the token of the pending login."""
    answer = await keyring.service.post_login(keyring.person)
    assert is_problem(answer, 403, "second_factor_required")
    token: str = answer.json()["mfa_token"]
    return token


async def factor_options(service: Service, mfa_token: str) -> dict[str, Any]:
    answer = await service.call("POST", OPTIONS, json={"mfa_token": mfa_token})
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


async def complete(service: Service, mfa_token: str, credential: object) -> httpx.Response:
    return await service.call("POST", SECOND_FACTOR, json={"mfa_token": mfa_token, "credential": credential})


@pytest.mark.parametrize(
    ("traits", "methods"),
    [({}, ["pwd", "pop", "user", "mfa"]), ({"verifies_user": False}, ["pwd", "pop", "mfa"])],
)
async def test_a_passkey_completes_a_login_with_and_without_user_verification(
    site: Service, traits: dict[str, Any], methods: list[str]
) -> None:
    keyring = await keyring_with_passkey(site, **traits)
    token = await waiting_login(keyring)
    options = await factor_options(site, token)
    assert options["userVerification"] == "preferred"
    assert len(options["allowCredentials"]) == 1
    answer = await complete(site, token, keyring.authenticator.get(options))
    assert answer.status_code == 200, answer.text
    assert (await site.get_me(answer.json()["access_token"])).status_code == 200
    assert acr_and_amr_of(site, answer.json()["access_token"]) == (2, methods)


async def test_a_login_is_completed_once_even_in_concurrent_calls(site: Service) -> None:
    keyring = await keyring_with_passkey(site, counts=False)
    token = await waiting_login(keyring)
    signed = keyring.authenticator.get(await factor_options(site, token))
    before = len(site.sessions_of(keyring.person))
    answers = await asyncio.gather(*(complete(site, token, signed) for _ in range(20)))
    assert statuses(answers)[0] == 200
    assert set(statuses(answers)[1:]) <= {403, 422, 429}
    assert len(site.sessions_of(keyring.person)) == before + 1
    assert keyring.row()["suspended_at"] is None


async def test_a_signature_is_valid_only_for_the_login_of_its_challenge(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    first, second = await waiting_login(keyring), await waiting_login(keyring)
    signed = keyring.authenticator.get(await factor_options(site, first))
    assert is_problem(await complete(site, second, signed), 403, "invalid_second_factor")
    assert (await complete(site, first, signed)).status_code == 200


@pytest.mark.parametrize("end", ["used", "outdated"])
async def test_a_finished_login_does_not_reveal_the_passkeys_of_its_user(site: Service, end: str) -> None:
    keyring = await keyring_with_passkey(site)
    token = await waiting_login(keyring)
    if end == "used":
        assert (await complete(site, token, keyring.authenticator.get(await factor_options(site, token)))).is_success
    else:
        site.sql("UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s", keyring.person.id)
    assert is_problem(await site.call("POST", OPTIONS, json={"mfa_token": token}), 422, "invalid_mfa_token")


async def test_a_passkey_of_another_user_is_refused(site: Service) -> None:
    keyring, other = await keyring_with_passkey(site), await keyring_with_passkey(site)
    token = await waiting_login(keyring)
    signed = other.authenticator.get(await factor_options(site, token))
    assert is_problem(await complete(site, token, signed), 403, "invalid_second_factor")
    signed = other.authenticator.get(await factor_options(site, await waiting_login(other)))
    assert is_problem(await complete(site, token, signed), 403, "invalid_second_factor")


async def test_challenges_of_logins_and_of_second_factors_are_not_interchangeable(keyring: Keyring) -> None:
    token = await waiting_login(keyring)
    signed = keyring.authenticator.get(await login_options(keyring.service))
    assert is_problem(await complete(keyring.service, token, signed), 403, "invalid_second_factor")
    signed = keyring.authenticator.get(await factor_options(keyring.service, token))
    assert is_problem(await post_login(keyring.service, signed), 401, "invalid_passkey")


async def test_a_lower_counter_suspends_the_passkey_and_starts_no_session(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    keyring.authenticator.credentials[0].sign_count = 50
    assert (await keyring.sign_in()).status_code == 200
    keyring.authenticator.credentials[0].sign_count = 3
    before = len(site.sessions_of(keyring.person))
    token = await waiting_login(keyring)
    signed = keyring.authenticator.get(await factor_options(site, token))
    assert is_problem(await complete(site, token, signed), 403, "invalid_second_factor")
    assert keyring.row()["suspended_at"] is not None
    assert len(site.sessions_of(keyring.person)) == before
    # A suspended passkey is no longer offered.
    assert (await factor_options(site, await waiting_login(keyring)))["allowCredentials"] == []


async def test_a_forged_token_gets_no_options(site: Service) -> None:
    answer = await site.call("POST", OPTIONS, json={"mfa_token": "dwt_made-up"})
    assert is_problem(answer, 422, "invalid_mfa_token")


async def test_the_first_factor_creates_recovery_codes_that_complete_a_login(site: Service) -> None:
    keyring = await new_keyring(site)
    made = keyring.authenticator.create(await keyring.creation_options())
    codes = (await keyring.post_passkey(made)).json()["recovery_codes"]
    assert len(set(codes)) == 10
    body = {"mfa_token": await waiting_login(keyring), "code": codes[0]}
    answer = await site.call("POST", "/api/v1/auth/second-factor/recovery-code", json=body)
    assert answer.status_code == 200
    second = await keyring.post_passkey(keyring.authenticator.create(await keyring.creation_options()))
    assert second.json()["recovery_codes"] == []


async def test_the_codes_are_removed_with_the_last_passkey(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    count = "SELECT count(*) FROM recovery_codes WHERE user_id = %s"
    assert site.sql(count, keyring.person.id) == [{"count": 10}]
    answer = await keyring.call("DELETE", f"/api/v1/account/passkeys/{keyring.passkey_ids[0]}")
    assert answer.status_code == 200
    assert site.sql(count, keyring.person.id) == [{"count": 0}]
