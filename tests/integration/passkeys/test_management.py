"""Listing, renaming and removing passkeys."""

from datetime import timedelta
from uuid import uuid4

from development.authenticator import encode
from development.client import ACCOUNT, Pair, pair
from doorward.domain.outbox.mail_queue import MailQueue
from doorward.wiring.factor_reset import create_factor_reset
from doorward.wiring.foundation import Foundation
from tests.integration.passkeys.keyring import (
    ORIGIN,
    PASSKEYS,
    Keyring,
    keyring_with_passkey,
    new_keyring,
)
from tests.integration.service import MakeService, Service, is_problem


async def test_the_list_contains_the_data_that_browsers_need(keyring: Keyring) -> None:
    answer = await keyring.call("GET", PASSKEYS)
    listed = answer.json()
    assert (listed["relying_party_id"], listed["user_handle"]) == ("auth.example.com", encode(keyring.user_id.bytes))
    (passkey,) = listed["passkeys"]
    assert passkey["credential_id"] == encode(keyring.authenticator.credentials[0].id)
    assert (passkey["name"], passkey["last_used_at"]) == ("Passkey", None)
    await keyring.sign_in()
    (passkey,) = (await keyring.call("GET", PASSKEYS)).json()["passkeys"]
    assert passkey["last_used_at"] is not None


async def test_a_passkey_is_renamed_without_ending_a_session(keyring: Keyring) -> None:
    path = f"{PASSKEYS}/{keyring.passkey_ids[0]}"
    answer = await keyring.call("PATCH", path, json={"name": "Key on my ring"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Key on my ring")
    unchanged = await keyring.call("PATCH", path, json={})
    assert (unchanged.status_code, unchanged.json()["name"]) == (200, "Key on my ring")
    assert is_problem(await keyring.call("PATCH", path, json={"name": "x" * 65}), 422, "invalid_passkey_name")


async def test_renaming_requires_a_fresh_proof(make_service: MakeService) -> None:
    keyring = await keyring_with_passkey(await make_service(public_url=ORIGIN))
    keyring.service.clock.advance(timedelta(minutes=6))
    answer = await keyring.call("PATCH", f"{PASSKEYS}/{keyring.passkey_ids[0]}", json={"name": "Key on my ring"})
    assert is_problem(answer, 401, "reauthentication_required")


async def test_a_removed_passkey_does_not_sign_in(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    keyring.pair = pair(await keyring.sign_in())
    before = keyring.pair
    answer = await keyring.call("DELETE", f"{PASSKEYS}/{keyring.passkey_ids[0]}")
    assert answer.status_code == 200
    keyring.pair = Pair(answer.json()["access_token"], answer.json()["refresh_token"])
    assert (await site.get_me(before.access)).status_code == 401
    assert (await keyring.call("GET", PASSKEYS)).json()["passkeys"] == []
    assert is_problem(await keyring.sign_in(), 401, "unknown_passkey")
    # No factor is left: the password alone signs in again.
    assert (await site.post_login(keyring.person)).status_code == 200


async def test_a_remaining_passkey_stays_a_second_factor(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    keyring.pair = pair(await keyring.sign_in())
    await keyring.add_passkey()
    keyring.pair = pair(await keyring.sign_in())
    answer = await keyring.call("DELETE", f"{PASSKEYS}/{keyring.passkey_ids[0]}")
    assert answer.status_code == 200
    assert is_problem(await site.post_login(keyring.person), 403, "second_factor_required")
    assert (await keyring.sign_in(keyring.authenticator.credentials[1])).status_code == 200
    assert is_problem(await keyring.sign_in(keyring.authenticator.credentials[0]), 401, "unknown_passkey")


async def test_removing_requires_a_fresh_proof(make_service: MakeService) -> None:
    service = await make_service(public_url=ORIGIN)
    keyring = await keyring_with_passkey(service)
    path = f"{PASSKEYS}/{keyring.passkey_ids[0]}"
    keyring.pair = pair(await keyring.sign_in())
    service.clock.advance(timedelta(minutes=5, seconds=1))
    assert is_problem(await keyring.call("DELETE", path), 401, "reauthentication_required")
    assert keyring.row()


async def test_a_passkey_of_another_user_is_not_found(keyring: Keyring) -> None:
    other = await keyring_with_passkey(keyring.service)
    other.pair = pair(await other.sign_in())
    for passkey_id in (keyring.passkey_ids[0], str(uuid4())):
        path = f"{PASSKEYS}/{passkey_id}"
        assert is_problem(await other.call("DELETE", path), 404, "passkey_not_found")
        assert is_problem(await other.call("PATCH", path, json={"name": "mine"}), 404, "passkey_not_found")
    assert keyring.row()["name"] == "Passkey"


async def test_the_export_contains_the_passkeys_and_no_key(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    keyring.pair = pair(await keyring.sign_in())
    answer = await keyring.call("POST", f"{ACCOUNT}/export")
    (passkey,) = answer.json()["passkeys"]
    assert set(passkey) == {"name", "created_at", "last_used_at", "suspended_at"}


async def test_a_user_without_passkeys_has_an_empty_list(site: Service) -> None:
    keyring = await new_keyring(site)
    assert (await keyring.call("GET", PASSKEYS)).json()["passkeys"] == []


async def test_a_reset_of_all_factors_removes_the_passkeys(site: Service) -> None:
    keyring = await keyring_with_passkey(site)
    base = Foundation(site.settings, site.database, site.hasher, site.clock, MailQueue(None))
    async with site.database.transaction() as connection:
        await create_factor_reset(base).reset(connection, keyring.user_id, now=site.clock.now())
    assert keyring.rows() == []
    assert is_problem(await keyring.sign_in(), 401, "unknown_passkey")
    assert (await site.post_login(keyring.person)).status_code == 200
