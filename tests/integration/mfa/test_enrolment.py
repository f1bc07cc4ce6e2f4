"""Setting up and removing an authenticator application, over HTTP."""

import asyncio
import secrets
from datetime import timedelta
from uuid import UUID

import httpx
import pyotp
import pytest

from development.client import pair
from tests.integration.accounts.own_account import ACCOUNT, Owner, is_alive, is_dead, signed_in
from tests.integration.administration.administrator import USERS, signed_in_with, user
from tests.integration.mfa.protected import CODES, FACTORS, OWN_TOTP, Protected, application_of
from tests.integration.passkeys.keyring import ORIGIN as KEYRING_ORIGIN
from tests.integration.passkeys.keyring import Keyring, keyring_with_passkey, new_keyring
from tests.integration.service import FakeClock, Logs, MakeService, Service, events, is_problem, statuses

FRESH = timedelta(minutes=5)
MOMENT = timedelta(microseconds=1)
LIFE = timedelta(minutes=10)
ROWS = "SELECT (SELECT count(*) FROM totp_factors) + (SELECT count(*) FROM recovery_codes) AS number"


async def confirm(owner: Owner, enrolment: httpx.Response) -> httpx.Response:
    body = {
        "token": enrolment.json()["token"],
        "code": application_of(enrolment).at(owner.service.clock.present),
    }
    return await owner.call("POST", f"{OWN_TOTP}/confirm", json=body)


async def test_an_enrolment_stores_nothing_until_a_code_is_verified(service: Service, owner: Owner) -> None:
    before, session = service.sql(ROWS), service.sessions_of(owner.person)
    for _ in range(3):
        assert (await owner.call("POST", OWN_TOTP)).status_code == 200
    assert (service.sql(ROWS), service.sessions_of(owner.person)) == (before, session)
    (user,) = service.sql("SELECT second_factor, session_epoch FROM users WHERE id = %s", owner.person.id)
    assert user == {"second_factor": [], "session_epoch": 0}


async def test_the_response_contains_the_data_for_an_authenticator_application(owner: Owner) -> None:
    answer = await owner.call("POST", OWN_TOTP)
    assert set(answer.json()) == {"uri", "qr", "secret", "token"}
    application = application_of(answer)
    assert (application.name, application.issuer) == (owner.person.username, "doorward")
    assert application.secret == answer.json()["secret"]
    assert answer.json()["secret"] not in answer.json()["token"]
    assert application_of(await owner.call("POST", OWN_TOTP)).secret != application.secret


async def test_a_confirmation_stores_an_encrypted_secret_and_ten_hashed_codes(
    service: Service, protected: Protected, logs: Logs
) -> None:
    (factor,) = service.sql("SELECT * FROM totp_factors WHERE user_id = %s", protected.person.id)
    assert pyotp.TOTP(protected.application.secret).byte_secret() not in bytes(factor["sealed_secret"])
    stored = service.sql("SELECT code_mac FROM recovery_codes WHERE user_id = %s", protected.person.id)
    assert len(stored) == len(set(protected.codes)) == 10
    types = "SELECT type FROM audit_events WHERE user_id = %s ORDER BY id"
    assert [row["type"] for row in service.sql(types, protected.person.id)][-3:] == [
        "factor.totp_added",
        "factor.codes_made",
        "session.begun",
    ]
    assert len(events(logs, "mfa.totp.added")) == 1
    written = logs.text()
    assert not [code for code in (*protected.codes, protected.application.secret) if code in written]


async def test_all_other_sessions_end_and_the_current_one_continues_with_two_factors(
    service: Service, owner: Owner
) -> None:
    other = await service.log_in(owner.person)
    before = owner.pair
    protected = await Protected.enrolled(owner)
    assert await is_dead(service, before)
    assert await is_dead(service, other)
    session = service.session_of(protected.pair.access)
    assert (session["acr"], session["amr"]) == (2, ["mfa", "otp", "pwd"])
    assert await is_alive(service, protected.pair)


async def test_a_wrong_code_leaves_the_enrolment_valid(owner: Owner) -> None:
    answer = await owner.call("POST", OWN_TOTP)
    token, application = answer.json()["token"], application_of(answer)
    body = {"token": token, "code": application.at(owner.service.clock.present - timedelta(minutes=5))}
    assert is_problem(await owner.call("POST", f"{OWN_TOTP}/confirm", json=body), 403, "invalid_second_factor")
    body["code"] = application.at(owner.service.clock.present)
    assert (await owner.call("POST", f"{OWN_TOTP}/confirm", json=body)).status_code == 200


async def test_the_code_of_the_enrolment_cannot_be_used_again(protected: Protected) -> None:
    protected.service.clock.advance(-timedelta(seconds=30))
    answer = await protected.post_code(await protected.mfa_token(), protected.code())
    assert is_problem(answer, 403, "invalid_second_factor")


async def test_one_of_several_concurrent_confirmations_succeeds(service: Service, owner: Owner) -> None:
    answers = [await owner.call("POST", OWN_TOTP) for _ in range(4)]
    bodies = [
        {"token": each.json()["token"], "code": application_of(each).at(service.clock.present)} for each in answers
    ]
    confirmed = await asyncio.gather(
        *(owner.call("POST", f"{OWN_TOTP}/confirm", json=body) for body in (*bodies, *bodies))
    )
    assert statuses(confirmed) == [200, *[401] * 7]
    assert len(service.sql("SELECT * FROM totp_factors WHERE user_id = %s", owner.person.id)) == 1
    assert len(service.sql("SELECT * FROM recovery_codes WHERE user_id = %s", owner.person.id)) == 10


async def test_a_second_application_is_refused_at_the_request_and_at_the_confirmation(
    service: Service, owner: Owner, clock: FakeClock
) -> None:
    """Two tabs: the slower one finds that an application is already set up."""
    slow = await owner.call("POST", OWN_TOTP)
    protected = await Protected.enrolled(owner)
    assert is_problem(await protected.call("POST", OWN_TOTP), 409, "totp_exists")
    code = application_of(slow).at(clock.present)
    assert is_problem(await protected.post_confirm(slow.json()["token"], code), 409, "totp_exists")
    assert (await protected.post_code(await protected.mfa_token(), protected.code())).status_code == 200
    assert len(service.sql("SELECT * FROM totp_factors WHERE user_id = %s", owner.person.id)) == 1


async def test_an_enrolment_token_is_valid_for_its_user_and_epoch_and_for_ten_minutes(
    service: Service, owner: Owner, clock: FakeClock
) -> None:
    answer = await owner.call("POST", OWN_TOTP)
    token, application = answer.json()["token"], application_of(answer)
    path = f"{OWN_TOTP}/confirm"

    def body() -> dict[str, str]:
        return {"token": token, "code": application.at(clock.present)}

    other = await signed_in(service)
    assert is_problem(await other.call("POST", path, json=body()), 422, "invalid_token")
    clock.advance(LIFE)
    assert is_problem(await owner.call("POST", path, json=body()), 422, "invalid_token")
    clock.advance(-MOMENT)
    service.sql("UPDATE users SET session_epoch = 7 WHERE id = %s", owner.person.id)
    service.sql("UPDATE sessions SET epoch = 7 WHERE user_id = %s", owner.person.id)
    assert is_problem(await owner.call("POST", path, json=body()), 422, "invalid_token")
    service.sql("UPDATE users SET session_epoch = 0 WHERE id = %s", owner.person.id)
    service.sql("UPDATE sessions SET epoch = 0 WHERE user_id = %s", owner.person.id)
    assert (await owner.call("POST", path, json=body())).status_code == 200


async def test_a_session_that_has_not_shown_the_passkey_cannot_set_up_an_application(
    make_service: MakeService,
) -> None:
    """This holds even with the token and the code of a session that has: the application could remove the passkey."""
    keyring = await keyring_with_passkey(await make_service(public_url=KEYRING_ORIGIN))
    enrolment = await keyring.call("POST", OWN_TOTP)
    weak = Owner(keyring.service, keyring.person, keyring.pair)
    strong, weak.pair = weak.pair, await weak.reauthenticate()
    assert strong != weak.pair
    assert is_problem(await confirm(weak, enrolment), 401, "reauthentication_required")


async def test_an_enrolment_encrypted_with_a_lost_key_must_be_repeated(make_service: MakeService) -> None:
    owner = await signed_in(await make_service(encryption_keys=secrets.token_urlsafe(48)))
    enrolment = await owner.call("POST", OWN_TOTP)
    owner.service = await make_service(encryption_keys=secrets.token_urlsafe(48))
    assert is_problem(await confirm(owner, enrolment), 422, "invalid_token")


async def test_an_enrolment_requires_a_fresh_proof(owner: Owner, clock: FakeClock) -> None:
    clock.advance(FRESH + MOMENT)
    assert is_problem(await owner.call("POST", OWN_TOTP), 401, "reauthentication_required")


async def test_a_session_with_the_password_only_neither_replaces_nor_removes_the_factor(
    protected: Protected, clock: FakeClock
) -> None:
    clock.advance(FRESH + MOMENT)
    protected.pair = await protected.reauthenticate()
    for method, path in (("DELETE", OWN_TOTP), ("POST", OWN_TOTP), ("POST", CODES), ("POST", f"{ACCOUNT}/export")):
        answer = await protected.call(method, path)
        assert is_problem(answer, 401, "reauthentication_required")
        assert 'acr_values="2", max_age=300' in answer.headers["www-authenticate"]
    assert (await protected.call("GET", FACTORS)).status_code == 200


async def test_removing_the_last_factor_removes_the_codes_and_ends_all_other_sessions(
    service: Service, protected: Protected
) -> None:
    other = await protected.log_in()
    protected.pair = pair(await protected.post_proof(protected.code()))
    answer = await protected.call("DELETE", OWN_TOTP)
    assert await is_dead(service, other)
    protected.pair = pair(answer)
    assert (await protected.call("GET", FACTORS)).json() == {"factors": [], "recovery_codes_left": 0}
    assert service.sql("SELECT * FROM recovery_codes WHERE user_id = %s", protected.person.id) == []
    assert (await service.post_login(protected.person)).status_code == 200
    assert is_problem(await protected.call("DELETE", OWN_TOTP), 404, "totp_not_found")


async def test_a_removed_application_can_be_replaced_by_a_new_one(protected: Protected) -> None:
    old = protected.application
    protected.pair = pair(await protected.call("DELETE", OWN_TOTP))
    renewed = await Protected.enrolled(protected)
    assert renewed.application.secret != old.secret
    token = await renewed.mfa_token()
    stale = old.at(renewed.service.clock.present)
    assert is_problem(await renewed.post_code(token, stale), 403, "invalid_second_factor")
    assert (await renewed.post_code(token, renewed.code())).status_code == 200


async def test_passkeys_are_listed_among_the_factors(mailed: Service) -> None:
    """This holds without an application too, and with the recovery codes of the first passkey."""
    keyring = await new_keyring_at(mailed)
    await keyring.add_passkey(name="Key on my ring")
    audit = "SELECT type, session_id FROM audit_events WHERE user_id = %s AND type LIKE 'factor.%%' ORDER BY id"
    made = mailed.sql(audit, keyring.person.id)
    assert [row["type"] for row in made] == ["factor.passkey_added", "factor.codes_made"]
    assert len({row["session_id"] for row in made}) == 1
    keyring.pair = pair(await keyring.sign_in())
    protected = await Protected.enrolled(Owner(mailed, keyring.person, keyring.pair))
    listed = (await protected.call("GET", FACTORS)).json()
    shown = [(each["kind"], each["name"], each["is_suspended"]) for each in listed["factors"]]
    assert shown == [("totp", None, False), ("passkey", "Key on my ring", False)]
    assert listed["recovery_codes_left"] == 10
    assert [each["kind"] for each in (await protected.account())["factors"]] == ["totp", "passkey"]
    mailed.sql("UPDATE passkeys SET suspended_at = now() WHERE user_id = %s", keyring.person.id)
    listed = (await protected.call("GET", FACTORS)).json()
    assert [each["is_suspended"] for each in listed["factors"]] == [False, True]
    support = await signed_in_with(mailed, "support")
    shown = (await support.call("GET", user(keyring.person))).json()
    assert set(shown["second_factors"]) == {"totp", "passkey"}
    found = await support.call("GET", USERS, params={"username": keyring.person.username})
    assert [set(each["second_factors"]) for each in found.json()["users"]] == [{"totp", "passkey"}]


async def new_keyring_at(service: Service) -> Keyring:
    """Create an account whose authenticator uses the service's own origin."""
    keyring = await new_keyring(service)
    keyring.authenticator.origin = "http://localhost:8000"
    return keyring


async def test_the_account_lists_its_factor(protected: Protected) -> None:
    listed = (await protected.call("GET", FACTORS)).json()
    (factor,) = listed["factors"]
    assert (factor["kind"], listed["recovery_codes_left"]) == ("totp", 10)
    assert (await protected.account())["factors"] == [{"id": factor["id"], "kind": "totp"}]
    assert UUID(factor["id"])


@pytest.fixture
async def mailed(make_service: MakeService) -> Service:
    """Return a service whose users can verify their addresses."""
    return await make_service(public_url="http://localhost:8000")


async def test_if_addresses_can_be_verified_an_unverified_account_cannot_set_up_a_factor(mailed: Service) -> None:
    owner = await signed_in(mailed)
    assert is_problem(await owner.call("POST", OWN_TOTP), 403, "email_not_verified")
    mailed.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", owner.person.id)
    assert application_of(await owner.call("POST", OWN_TOTP)).issuer == "localhost"
    protected = await Protected.enrolled(owner)
    kinds = mailed.sql("SELECT kind FROM outbox WHERE channel = 'mail' ORDER BY id DESC LIMIT 1")
    assert kinds == [{"kind": "factors_changed"}]
    assert (await protected.call("GET", FACTORS)).json()["recovery_codes_left"] == 10
