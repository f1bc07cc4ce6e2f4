"""Signing in with a passkey alone: the resulting session, and refused responses."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from development.authenticator import EDDSA, ES256, RS256, Authenticator, decode, encode
from tests.integration.passkeys.keyring import (
    ORIGIN,
    Keyring,
    acr_and_amr_of,
    keyring_with_passkey,
    login_options,
    new_keyring,
    post_login,
)
from tests.integration.service import Logs, MakeService, Service, events, is_problem, statuses


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
async def test_a_passkey_returns_the_usual_token_pair(site: Service, algorithm: int) -> None:
    keyring = await keyring_with_passkey(site, algorithm=algorithm)
    answer = await keyring.sign_in()
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert answer.headers["doorward-device"].startswith("dwd_")
    me = await site.get_me(answer.json()["access_token"])
    assert me.json()["id"] == keyring.person.id
    assert (await site.post_refresh(answer.json()["refresh_token"])).status_code == 200


async def test_the_session_contains_two_shown_factors(keyring: Keyring) -> None:
    answer = await keyring.sign_in()
    assert acr_and_amr_of(keyring.service, answer.json()["access_token"]) == (2, ["pop", "user", "mfa"])


async def test_the_options_contain_no_credentials_and_require_user_verification(site: Service) -> None:
    options = await login_options(site)
    assert {name: options[name] for name in ("rpId", "allowCredentials", "userVerification")} == {
        "rpId": "auth.example.com",
        "allowCredentials": [],
        "userVerification": "required",
    }
    assert len(decode(options["challenge"])) >= 16
    assert options["challenge"] != (await login_options(site))["challenge"]


async def test_a_request_for_options_stores_nothing(site: Service) -> None:
    def stored() -> list[dict[str, Any]]:
        return site.sql("SELECT (SELECT count(*) FROM used_nonces) AS a, (SELECT count(*) FROM sessions) AS b")

    before, asked = stored(), site.connections_asked_for()
    for _ in range(5):
        await login_options(site)
    assert (stored(), site.connections_asked_for()) == (before, asked)


@pytest.mark.parametrize("traits", [{"counts": False}, {"counts": False, "is_synchronised": True}])
async def test_a_counter_of_zero_is_not_checked(site: Service, traits: dict[str, Any]) -> None:
    keyring = await keyring_with_passkey(site, **traits)
    assert [(await keyring.sign_in()).status_code for _ in range(3)] == [200] * 3
    assert (keyring.row()["sign_count"], keyring.row()["suspended_at"]) == (0, None)


async def test_a_user_handle_is_optional(site: Service) -> None:
    keyring = await keyring_with_passkey(site, sends_user_handle=False)
    assert (await keyring.sign_in()).status_code == 200


async def test_a_user_handle_must_be_the_owners(keyring: Keyring) -> None:
    other = await keyring_with_passkey(keyring.service)
    keyring.authenticator.credentials[0].user_handle = other.user_id.bytes
    assert is_problem(await keyring.sign_in(), 401, "invalid_passkey")


async def test_without_user_verification_a_passkey_does_not_sign_in_alone(site: Service, logs: Logs) -> None:
    keyring = await keyring_with_passkey(site, verifies_user=False)
    assert is_problem(await keyring.sign_in(), 401, "invalid_passkey")
    assert events(logs, "passkeys.passkey.refused")[-1]["reason"] == "response"
    assert keyring.row()["last_used_at"] is None


async def test_a_challenge_is_valid_once_in_a_hundred_concurrent_calls(site: Service) -> None:
    keyring = await keyring_with_passkey(site, counts=False)
    signed = keyring.authenticator.get(await login_options(site))
    before = len(site.sessions_of(keyring.person))
    answers = await asyncio.gather(*(post_login(site, signed) for _ in range(100)))
    assert statuses(answers) == [200] + [401] * 99
    assert len(site.sessions_of(keyring.person)) == before + 1
    assert is_problem(await post_login(site, signed), 401, "invalid_passkey")


async def test_a_repeated_response_does_not_suspend_the_passkey(keyring: Keyring) -> None:
    signed = keyring.authenticator.get(await login_options(keyring.service))
    assert statuses([await post_login(keyring.service, signed) for _ in range(3)]) == [200, 401, 401]
    assert keyring.row()["suspended_at"] is None
    assert (await keyring.sign_in()).status_code == 200


async def test_a_response_overtaken_by_another_tab_does_not_suspend_the_passkey(keyring: Keyring, logs: Logs) -> None:
    first, second = await login_options(keyring.service), await login_options(keyring.service)
    earlier = keyring.authenticator.get(first)
    keyring.service.clock.advance(timedelta(seconds=2))
    later = keyring.authenticator.get(second)
    answers = [await post_login(keyring.service, signed) for signed in (later, earlier)]
    assert statuses(answers) == [200, 401]
    assert events(logs, "passkeys.passkey.refused")[-1]["reason"] == "overtaken"
    assert keyring.row()["suspended_at"] is None
    assert (await keyring.sign_in()).status_code == 200


async def test_a_passkey_that_becomes_synchronisable_is_refused(keyring: Keyring) -> None:
    keyring.authenticator.is_synchronised = True
    assert is_problem(await keyring.sign_in(), 401, "invalid_passkey")


async def test_an_expired_challenge_is_refused(make_service: MakeService, logs: Logs) -> None:
    service = await make_service(public_url=ORIGIN)
    keyring = await keyring_with_passkey(service)
    fresh, old = await login_options(service), await login_options(service)
    service.clock.advance(timedelta(minutes=10) - timedelta(seconds=1))
    assert (await post_login(service, keyring.authenticator.get(fresh))).status_code == 200
    service.clock.advance(timedelta(seconds=1))
    assert is_problem(await post_login(service, keyring.authenticator.get(old)), 401, "invalid_passkey")
    assert events(logs, "passkeys.passkey.refused")[-1]["reason"] == "challenge"


async def test_a_challenge_for_a_registration_is_refused(keyring: Keyring) -> None:
    options = await keyring.creation_options()
    assert is_problem(await post_login(keyring.service, keyring.authenticator.get(options)), 401, "invalid_passkey")


async def test_a_forged_challenge_is_refused_without_a_query(keyring: Keyring) -> None:
    signed = keyring.authenticator.get({"challenge": encode(b"dwt_" + b"A" * 84)})
    asked = keyring.service.connections_asked_for()
    assert is_problem(await post_login(keyring.service, signed), 401, "invalid_passkey")
    assert keyring.service.connections_asked_for() == asked


@pytest.mark.parametrize("origin", ["https://evil.example", "http://auth.example.com", "https://auth.example.com:444"])
async def test_a_page_of_another_origin_is_refused(keyring: Keyring, origin: str) -> None:
    page = Authenticator(origin, credentials=keyring.authenticator.credentials)
    signed = page.get(await login_options(keyring.service))
    assert is_problem(await post_login(keyring.service, signed), 401, "invalid_passkey")


async def test_a_page_framed_by_another_origin_is_refused(keyring: Keyring) -> None:
    class Framed(Authenticator):
        def client_data(self, kind: str, challenge: str) -> bytes:
            return super().client_data(kind, challenge).replace(b'"crossOrigin":false', b'"crossOrigin":true')

    page = Framed(ORIGIN, credentials=keyring.authenticator.credentials)
    signed = page.get(await login_options(keyring.service))
    assert is_problem(await post_login(keyring.service, signed), 401, "invalid_passkey")


async def test_a_credential_of_another_relying_party_is_refused(keyring: Keyring, logs: Logs) -> None:
    keyring.authenticator.credentials[0].relying_party = "example.com"
    assert is_problem(await keyring.sign_in(), 401, "invalid_passkey")
    assert events(logs, "passkeys.passkey.refused")[-1]["reason"] == "response"


async def test_a_passkey_of_a_previous_public_url_is_refused_and_kept(keyring: Keyring, logs: Logs) -> None:
    keyring.service.sql(
        "UPDATE passkeys SET relying_party_id = 'old.example.com' WHERE user_id = %s", keyring.person.id
    )
    assert is_problem(await keyring.sign_in(), 401, "invalid_passkey")
    assert events(logs, "passkeys.passkey.refused")[-1]["reason"] == "relying_party"
    assert keyring.row()["suspended_at"] is None


async def test_an_unknown_passkey_gets_a_specific_error_so_that_browsers_can_forget_it(site: Service) -> None:
    keyring = await new_keyring(site)
    keyring.authenticator.create(await keyring.creation_options())
    assert is_problem(await keyring.sign_in(), 401, "unknown_passkey")


async def test_a_signature_with_another_key_is_refused(keyring: Keyring) -> None:
    other = await keyring_with_passkey(keyring.service)
    stolen = keyring.authenticator.credentials[0]
    stolen.key = other.authenticator.credentials[0].key
    assert is_problem(await keyring.sign_in(), 401, "invalid_passkey")


async def test_a_lower_counter_is_refused_and_suspends_the_passkey_permanently(site: Service, logs: Logs) -> None:
    keyring = await keyring_with_passkey(site)
    credential = keyring.authenticator.credentials[0]
    credential.sign_count = 41
    assert (await keyring.sign_in()).status_code == 200
    credential.sign_count = 40
    before = len(site.sessions_of(keyring.person))
    assert is_problem(await keyring.sign_in(), 401, "invalid_passkey")
    assert keyring.row()["suspended_at"] is not None
    (line,) = events(logs, "passkeys.passkey.suspended")
    assert (line["target_user_id"], line["passkey_id"]) == (keyring.person.id, keyring.passkey_ids[0])
    credential.sign_count = 100
    assert is_problem(await keyring.sign_in(), 401, "invalid_passkey")
    assert len(site.sessions_of(keyring.person)) == before


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ("is_active = false", 401, "invalid_passkey"),
        ("must_change_password = true", 403, "password_change_required"),
        (
            "is_active = false, is_restorable = true, deletion_due_at = created_at + interval '9 years'",
            403,
            "deletion_pending",
        ),
    ],
)
async def test_an_account_that_may_not_start_sessions_gets_none(
    keyring: Keyring, change: str, status: int, code: str
) -> None:
    keyring.service.sql(f"UPDATE users SET {change} WHERE id = %s", keyring.person.id)
    before = len(keyring.service.sessions_of(keyring.person))
    answer = await keyring.sign_in()
    assert is_problem(answer, status, code)
    assert len(keyring.service.sessions_of(keyring.person)) == before
    if code == "deletion_pending":
        assert (await keyring.service.post_restore(answer.json()["restore_token"])).status_code == 204


async def test_a_passkey_signs_in_to_a_throttled_account(keyring: Keyring) -> None:
    service = keyring.service
    for _ in range(21):
        await service.post_token(keyring.person.username, "a wrong password")
    assert (await service.post_login(keyring.person)).status_code == 429
    assert (await keyring.sign_in()).status_code == 200


async def test_a_known_device_is_recognized(keyring: Keyring) -> None:
    first = await keyring.sign_in()
    device = first.headers["doorward-device"]
    again = await keyring.sign_in(device=device)
    assert again.headers["doorward-device"] == device


Damage = Callable[[dict[str, Any]], object]
DAMAGES: list[Damage] = [
    lambda sent: sent.pop("id"),
    lambda sent: sent.pop("rawId"),
    lambda sent: sent.update(id="other"),
    lambda sent: sent.update(id=""),
    lambda sent: sent.update(type="password"),
    lambda sent: sent.update(response=None),
    lambda sent: sent.update(response=[]),
    lambda sent: sent["response"].pop("clientDataJSON"),
    lambda sent: sent["response"].pop("authenticatorData"),
    lambda sent: sent["response"].pop("signature"),
    lambda sent: sent["response"].update(signature="A"),
    lambda sent: sent["response"].update(signature="####"),
    lambda sent: sent["response"].update(signature="A" * 5000),
    lambda sent: sent["response"].update(signature=7),
    lambda sent: sent["response"].update(clientDataJSON="\u00e4"),
    lambda sent: sent["response"].update(userHandle="A" * 500),
]
REFUSED: list[Damage] = [
    lambda sent: sent["response"].update(signature=""),
    lambda sent: sent["response"].update(signature=encode(b"\x30\x06\x02\x01\x00\x02\x01\x00")),
    lambda sent: sent["response"].update(authenticatorData=""),
    lambda sent: sent["response"].update(authenticatorData=encode(bytes(37))),
    lambda sent: sent["response"].update(authenticatorData=encode(bytes(32) + b"\xff" + bytes(200))),
    lambda sent: sent["response"].update(clientDataJSON=""),
    lambda sent: sent["response"].update(clientDataJSON=encode(b"{}")),
    lambda sent: sent["response"].update(clientDataJSON=encode(b"[" * 5000)),
    lambda sent: sent["response"].update(userHandle=encode(b"unknown")),
]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_malformed_response_is_answered_with_422(keyring: Keyring, damage: Damage) -> None:
    signed = keyring.authenticator.get(await login_options(keyring.service))
    damage(signed)
    assert (await post_login(keyring.service, signed)).status_code == 422


@pytest.mark.parametrize("damage", REFUSED)
async def test_a_response_that_cannot_be_verified_is_answered_with_401(keyring: Keyring, damage: Damage) -> None:
    signed = keyring.authenticator.get(await login_options(keyring.service))
    damage(signed)
    assert is_problem(await post_login(keyring.service, signed), 401, "invalid_passkey")
    assert keyring.row()["suspended_at"] is None


async def test_unknown_members_of_later_standards_are_ignored(keyring: Keyring) -> None:
    signed = keyring.authenticator.get(await login_options(keyring.service))
    signed["later"], signed["response"]["later"] = {"a": 1}, [1]
    assert (await post_login(keyring.service, signed)).status_code == 200
