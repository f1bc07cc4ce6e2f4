"""Registering a passkey: what the account must show, what is stored, and which sessions end."""

import asyncio
from datetime import timedelta

import pytest

from development.authenticator import Authenticator, decode, encode
from development.client import ACCOUNT, AUTH, pair
from tests.integration.passkeys.keyring import (
    OPTIONS,
    ORIGIN,
    PASSKEYS,
    Keyring,
    acr_and_amr_of,
    keyring_with_passkey,
    login_options,
    new_keyring,
    post_login,
)
from tests.integration.service import Logs, MakeService, Service, events, is_problem, statuses


async def test_the_options_request_a_discoverable_credential_without_attestation(site: Service) -> None:
    keyring = await new_keyring(site)
    options = await keyring.creation_options()
    assert options["rp"] == {"id": "auth.example.com", "name": "doorward"}
    assert decode(options["user"]["id"]) == keyring.user_id.bytes
    assert (options["user"]["name"], options["user"]["displayName"]) == (keyring.person.email, keyring.person.username)
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "preferred",
    }
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [-7, -8, -257]


async def test_a_passkey_is_stored_with_its_properties(site: Service) -> None:
    keyring = await new_keyring(site, is_synchronised=True)
    passkey = await keyring.add_passkey(name=" My phone ")
    credential, row = keyring.authenticator.credentials[0], keyring.row()
    assert (passkey["name"], passkey["transports"], passkey["is_backed_up"]) == ("My phone", ["internal"], True)
    assert passkey["credential_id"] == encode(credential.id)
    assert bytes(row["credential_id"]) == credential.id
    assert (row["relying_party_id"], row["sign_count"], row["is_backup_eligible"]) == ("auth.example.com", 0, True)
    assert row["last_used_at"] is row["suspended_at"] is None


async def test_all_sessions_end_and_the_current_one_continues(site: Service) -> None:
    keyring = await new_keyring(site)
    before, other = keyring.pair, await site.log_in(keyring.person)
    await keyring.add_passkey()
    for ended in (before, other):
        assert (await site.get_me(ended.access)).status_code == 401
        assert (await site.post_refresh(ended.refresh)).status_code == 401
    assert (await site.get_me(keyring.pair.access)).status_code == 200
    assert acr_and_amr_of(site, keyring.pair.access) == (2, ["mfa", "pop", "pwd"])


async def test_the_password_alone_no_longer_signs_in(keyring: Keyring) -> None:
    answer = await keyring.service.post_login(keyring.person)
    assert is_problem(answer, 403, "second_factor_required")
    assert "passkey" in answer.json()["methods"]


async def test_a_registration_requires_a_fresh_proof(make_service: MakeService) -> None:
    service = await make_service(public_url=ORIGIN)
    keyring = await new_keyring(service)
    options = await keyring.creation_options()
    service.clock.advance(timedelta(minutes=5, seconds=1))
    made = keyring.authenticator.create(options)
    assert is_problem(await keyring.call("POST", f"{PASSKEYS}/options"), 401, "reauthentication_required")
    assert is_problem(await keyring.post_passkey(made), 401, "reauthentication_required")
    assert keyring.rows() == []


async def test_a_session_with_the_password_only_cannot_add_a_second_passkey(keyring: Keyring) -> None:
    answer = await keyring.service.post_reauthenticate(keyring.pair.access, keyring.person.password)
    keyring.pair = pair(answer)
    assert is_problem(await keyring.call("POST", f"{PASSKEYS}/options"), 401, "reauthentication_required")
    keyring.pair = pair(await keyring.sign_in())
    await keyring.add_passkey()
    assert len(keyring.passkey_ids) == 2


async def test_an_account_without_a_verified_address_cannot_register_a_passkey(site: Service) -> None:
    keyring = await new_keyring(site)
    options = await keyring.creation_options()
    site.sql("UPDATE users SET email_verified_at = NULL WHERE id = %s", keyring.person.id)
    assert is_problem(await keyring.call("POST", f"{PASSKEYS}/options"), 403, "email_not_verified")
    assert is_problem(await keyring.post_passkey(keyring.authenticator.create(options)), 403, "email_not_verified")


async def test_a_challenge_registers_one_passkey_even_in_concurrent_calls(site: Service) -> None:
    keyring = await new_keyring(site)
    options = await keyring.creation_options()
    made = [keyring.authenticator.create(options) for _ in range(20)]
    before = keyring.pair
    answers = await asyncio.gather(*(keyring.post_passkey(each) for each in made))
    assert statuses(answers)[0] == 201
    assert set(statuses(answers)[1:]) <= {401, 422}
    assert keyring.row()["user_id"] == keyring.user_id
    assert (await site.get_me(before.access)).status_code == 401


async def test_a_challenge_from_an_earlier_epoch_is_refused(site: Service, logs: Logs) -> None:
    keyring = await new_keyring(site)
    options = await keyring.creation_options()
    await keyring.call("POST", f"{ACCOUNT}/sessions/end", json={"which": "others"})
    made = keyring.authenticator.create(options)
    assert is_problem(await keyring.post_passkey(made), 422, "passkey_registration_refused")
    assert events(logs, "passkeys.registration.refused")[-1]["reason"] == "outdated"


async def test_a_response_to_another_users_options_is_refused(site: Service) -> None:
    keyring, other = await new_keyring(site), await new_keyring(site)
    made = keyring.authenticator.create(await other.creation_options())
    assert is_problem(await keyring.post_passkey(made), 422, "passkey_registration_refused")


async def test_a_challenge_of_a_login_is_refused(site: Service) -> None:
    keyring = await new_keyring(site)
    options = {**await keyring.creation_options(), "challenge": (await login_options(site))["challenge"]}
    made = keyring.authenticator.create(options)
    assert is_problem(await keyring.post_passkey(made), 422, "passkey_registration_refused")


@pytest.mark.parametrize("origin", ["https://evil.example", "http://auth.example.com"])
async def test_a_response_from_another_origin_is_refused(site: Service, origin: str) -> None:
    keyring = await new_keyring(site)
    made = Authenticator(origin).create(await keyring.creation_options())
    assert is_problem(await keyring.post_passkey(made), 422, "passkey_registration_refused")


async def test_a_credential_belongs_to_one_account(site: Service) -> None:
    keyring, other = await keyring_with_passkey(site), await new_keyring(site)

    thief = Authenticator(ORIGIN)
    made = thief.create(await other.creation_options())
    site.sql("UPDATE passkeys SET credential_id = %s WHERE user_id = %s", thief.credentials[0].id, keyring.person.id)
    assert is_problem(await other.post_passkey(made), 409, "passkey_exists")
    assert (await site.get_me(other.pair.access)).status_code == 200


async def test_the_users_existing_passkeys_are_excluded(keyring: Keyring) -> None:
    keyring.pair = pair(await keyring.sign_in())
    (excluded,) = (await keyring.creation_options())["excludeCredentials"]
    assert decode(excluded["id"]) == keyring.authenticator.credentials[0].id
    assert excluded["transports"] == ["internal"]


async def test_an_account_has_at_most_twenty_passkeys(keyring: Keyring) -> None:
    service = keyring.service
    keyring.pair = pair(await keyring.sign_in())
    options = await keyring.creation_options()
    service.sql(
        "INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, relying_party_id, name, transports,"
        " is_backup_eligible, is_backed_up, created_at) SELECT gen_random_uuid(), user_id,"
        " uuid_send(gen_random_uuid()), public_key, 0, relying_party_id, name, transports, false, false, created_at"
        " FROM passkeys, generate_series(1, 19) WHERE user_id = %s",
        keyring.person.id,
    )
    assert is_problem(await keyring.post_passkey(keyring.authenticator.create(options)), 409, "too_many_passkeys")
    assert is_problem(await keyring.call("POST", f"{PASSKEYS}/options"), 409, "too_many_passkeys")


async def test_an_invalid_name_is_refused_and_the_challenge_stays_valid(site: Service) -> None:
    keyring = await new_keyring(site)
    made = keyring.authenticator.create(await keyring.creation_options())
    assert is_problem(await keyring.post_passkey(made, name="a\nb"), 422, "invalid_passkey_name")
    assert (await keyring.post_passkey(made)).status_code == 201


@pytest.mark.parametrize("public_url", [None, "http://auth.example.com", "https://192.0.2.7", "http://127.0.0.1:8000"])
async def test_without_a_suitable_public_url_every_endpoint_reports_the_missing_setting(
    make_service: MakeService, public_url: str | None
) -> None:
    service = await make_service(**({} if public_url is None else {"public_url": public_url}))
    keyring = await new_keyring(service)
    authenticator = Authenticator(ORIGIN)
    made = {"credential": authenticator.create({"rp": {"id": "a"}, "user": {"id": "AA"}, "challenge": "AA"})}
    signed = {"credential": authenticator.get({"challenge": "AA"})}
    answers = [
        await service.call("POST", OPTIONS, json={}),
        await service.call("POST", f"{AUTH}/passkeys/token", json=signed),
        await keyring.call("GET", PASSKEYS),
        await keyring.call("POST", f"{PASSKEYS}/options"),
        await keyring.call("POST", PASSKEYS, json=made),
        await keyring.call("DELETE", f"{PASSKEYS}/{keyring.person.id}"),
    ]
    assert all(is_problem(each, 403, "passkeys_not_configured") for each in answers)
    assert "PUBLIC_URL" in answers[0].json()["detail"]


@pytest.mark.parametrize("public_url", ["https://auth.example.com/below/it", "http://localhost:8000"])
async def test_passkeys_belong_to_the_host_and_the_origin_without_the_path(
    make_service: MakeService, public_url: str
) -> None:
    service = await make_service(public_url=public_url)
    keyring = await new_keyring(service)
    keyring.authenticator.origin = "/".join(public_url.split("/")[:3])
    await keyring.add_passkey()
    assert (await post_login(service, keyring.authenticator.get(await login_options(service)))).status_code == 200
