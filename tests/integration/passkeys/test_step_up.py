"""Reauthentication with a passkey, for calls that require a recent proof with two factors."""

from datetime import timedelta
from typing import Any

import httpx

from development.client import ACCOUNT, pair
from tests.integration.passkeys.keyring import (
    ORIGIN,
    PASSKEYS,
    Keyring,
    acr_and_amr_of,
    keyring_with_passkey,
    login_options,
)
from tests.integration.service import MakeService, Service, is_problem

PROOF = f"{ACCOUNT}/reauthenticate"


async def proof_options(keyring: Keyring) -> dict[str, Any]:
    answer = await keyring.call("POST", f"{PROOF}/options")
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


async def prove(keyring: Keyring, credential: object) -> httpx.Response:
    return await keyring.call("POST", PROOF, json={"credential": credential})


async def test_a_passkey_renews_the_proof_and_ends_the_old_tokens(make_service: MakeService) -> None:
    service = await make_service(public_url=ORIGIN)
    keyring = await keyring_with_passkey(service)
    service.clock.advance(timedelta(minutes=6))
    assert is_problem(await keyring.call("POST", f"{PASSKEYS}/options"), 401, "reauthentication_required")
    before = keyring.pair
    answer = await prove(keyring, keyring.authenticator.get(await proof_options(keyring)))
    assert answer.status_code == 200, answer.text
    keyring.pair = pair(answer)
    assert acr_and_amr_of(service, keyring.pair.access)[0] == 2
    assert (await service.get_me(before.access)).status_code == 401
    await keyring.add_passkey()


async def test_challenges_of_a_login_or_of_another_user_are_refused(site: Service) -> None:
    keyring, other = await keyring_with_passkey(site), await keyring_with_passkey(site)
    for options in (await login_options(site), await proof_options(other)):
        signed = keyring.authenticator.get(options)
        assert is_problem(await prove(keyring, signed), 403, "invalid_second_factor")
    signed = other.authenticator.get(await proof_options(keyring))
    assert is_problem(await prove(keyring, signed), 403, "invalid_second_factor")


async def test_a_signature_is_valid_only_for_the_session_of_its_challenge(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    signed = keyring.authenticator.get(await proof_options(keyring))
    keyring.pair = pair(await prove(keyring, keyring.authenticator.get(await proof_options(keyring))))
    assert is_problem(await prove(keyring, signed), 403, "invalid_second_factor")


async def test_a_session_with_the_passkey_alone_must_show_both_factors_again(site: Service) -> None:
    """A touch of the same device without user verification is only one factor."""
    keyring = await keyring_with_passkey(site)
    keyring.pair = pair(await keyring.sign_in())
    options = await proof_options(keyring)
    assert options["userVerification"] == "required"
    keyring.authenticator.verifies_user = False
    assert is_problem(await prove(keyring, keyring.authenticator.get(options)), 403, "invalid_second_factor")
    keyring.authenticator.verifies_user = True
    keyring.pair = pair(await prove(keyring, keyring.authenticator.get(await proof_options(keyring))))
    assert acr_and_amr_of(site, keyring.pair.access) == (2, ["mfa", "pop", "user"])


async def test_a_lower_counter_suspends_the_passkey_and_proves_nothing(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    keyring.authenticator.credentials[0].sign_count = 50
    assert (await keyring.sign_in()).status_code == 200
    keyring.authenticator.credentials[0].sign_count = 3
    signed = keyring.authenticator.get(await proof_options(keyring))
    assert is_problem(await prove(keyring, signed), 403, "invalid_second_factor")
    assert keyring.row()["suspended_at"] is not None
    assert (await site.get_me(keyring.pair.access)).status_code == 200
