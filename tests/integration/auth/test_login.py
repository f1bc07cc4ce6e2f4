"""Password login reveals nothing about accounts, and replaces old hashes."""

import asyncio
import re
import threading
from dataclasses import replace

import bcrypt
import httpx
import pytest

from development.client import PASSWORD
from doorward.domain.auth.exceptions import InvalidCredentialsError
from doorward.domain.auth.passwords.policy import MAXIMUM_PASSWORD_LENGTH
from doorward.infrastructure.passwords import MINIMUM_CAPACITY, BcryptHasher
from tests.integration.hashers import InterruptedHasher
from tests.integration.service import PARTS, Logs, MakeService, Service, is_problem, statuses

CURRENT = re.compile(r"\$bcrypt-sha256\$v=2,t=2b,r=(\d+)\$.{54}")


def _comparable(answer: httpx.Response) -> tuple[int, dict[str, object], dict[str, str]]:
    """Return a response without its ids."""
    body, headers = dict(answer.json()), dict(answer.headers)
    del body["correlation_id"], headers["x-correlation-id"]
    return answer.status_code, body, headers


def _stored_hash(service: Service, username: str) -> str:
    (row,) = service.sql("SELECT password_hash FROM users WHERE username = %s", username)
    return str(row["password_hash"])


def _store_hash(service: Service, username: str, password_hash: str) -> None:
    service.sql("UPDATE users SET password_hash = %s WHERE username = %s", password_hash, username)


def _plain(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


async def test_all_refusals_are_equal_except_for_their_ids(service: Service) -> None:
    person, sleeper, blocked = [await service.register() for _ in range(3)]
    service.set_active(sleeper, active=False)
    _store_hash(service, blocked.username, "!")
    refusals = [
        await service.post_token(person.username, "wrong password"),
        await service.post_token(person.email, "wrong password"),
        await service.post_token("nobody-of-that-name", PASSWORD),
        await service.post_token("nobody@example.com", PASSWORD),
        await service.post_token("no name at all!", PASSWORD),
        await service.post_token("@", PASSWORD),
        await service.post_token(person.username, "x" * 300),
        await service.post_token(sleeper.username, PASSWORD),
        await service.post_token(sleeper.username, "wrong password"),
        await service.post_token(blocked.username, PASSWORD),
    ]
    assert is_problem(refusals[0], 401, "invalid_credentials")
    assert [_comparable(each) == _comparable(refusals[0]) for each in refusals] == [True] * len(refusals)


async def test_every_refusal_computes_the_same_number_of_hashes_and_iterations(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = await make_service(bcrypt_rounds=5)
    person, sleeper, old, old_sleeper = [await service.register() for _ in range(4)]
    service.set_active(sleeper, active=False)
    service.set_active(old_sleeper, active=False)
    _store_hash(service, old.username, _plain("another password"))
    _store_hash(service, old_sleeper.username, _plain(PASSWORD))
    costs: list[int] = []
    hashpw, checkpw = bcrypt.hashpw, bcrypt.checkpw

    def counting_checkpw(password: bytes, hashed_password: bytes) -> bool:
        costs.append(int(hashed_password[4:6]))
        return checkpw(password, hashed_password)

    def counting_hashpw(password: bytes, salt: bytes) -> bytes:
        costs.append(int(salt[4:6]))
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counting_hashpw)
    monkeypatch.setattr(bcrypt, "checkpw", counting_checkpw)
    for name, password in [
        (person.username, "wrong password"),
        (person.username, "x" * 300),
        ("nobody-of-that-name", PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("no name at all!", PASSWORD),
        ("\x00", PASSWORD),
        (sleeper.username, PASSWORD),
        (old.username, PASSWORD),
        (old_sleeper.username, PASSWORD),
    ]:
        costs.clear()
        assert (await service.post_token(name, password)).status_code == 401
        assert sum(2**cost for cost in costs) == 2**5 + 2**4
        assert len(costs) == 2


async def test_a_name_or_password_with_a_lone_surrogate_is_refused(service: Service) -> None:
    person = await service.register()
    with pytest.raises(InvalidCredentialsError):
        await service.app.state.services.login.login(name=person.username, password="\ud800")
    with pytest.raises(InvalidCredentialsError):
        await service.app.state.services.login.login(name="\ud800", password=PASSWORD)


async def test_a_deactivated_users_password_needs_as_many_queries_right_or_wrong(service: Service) -> None:
    sleeper = await service.register()
    service.set_active(sleeper, active=False)
    asked = []
    for password in ("wrong password", PASSWORD):
        before = service.connections_asked_for()
        assert (await service.post_token(sleeper.username, password)).status_code == 401
        asked.append(service.connections_asked_for() - before)
    # One connection to read the credentials, one to reserve the attempt.
    assert asked == [2, 2]


async def test_a_failed_login_is_logged_without_name_and_password(service: Service, logs: Logs) -> None:
    person = await service.register()
    await service.post_token(person.username, "a wrong password")
    assert "auth.login.failed" in logs.text()
    assert person.username not in logs.text()
    assert "a wrong password" not in logs.text()


@pytest.mark.parametrize("kind", ["2a", "2b", "2y"])
async def test_an_imported_plain_hash_is_accepted_and_replaced(service: Service, kind: str) -> None:
    person = await service.register()
    _store_hash(service, person.username, _plain("brought along").replace("$2b$", f"${kind}$"))
    assert (await service.post_token(person.username, "brought along")).status_code == 200
    match = CURRENT.fullmatch(_stored_hash(service, person.username))
    assert match is not None
    assert match[1] == "4"
    assert (await service.post_token(person.username, "brought along")).status_code == 200


async def test_a_hash_of_lower_cost_is_replaced_at_login(service: Service, make_service: MakeService) -> None:
    person = await service.register()
    dearer = await make_service(bcrypt_rounds=5)
    assert (await dearer.post_token(person.username, PASSWORD)).status_code == 200
    assert ",r=5$" in _stored_hash(service, person.username)


async def test_a_hash_of_the_current_cost_is_kept(service: Service) -> None:
    person = await service.register()
    before = _stored_hash(service, person.username)
    await service.log_in(person)
    assert _stored_hash(service, person.username) == before


async def test_a_failed_login_does_not_touch_an_old_hash(service: Service) -> None:
    person = await service.register()
    old = _plain("brought along")
    _store_hash(service, person.username, old)
    await service.post_token(person.username, "wrong password")
    assert _stored_hash(service, person.username) == old


async def _until_connected(service: Service, connections: int) -> None:
    """Wait until the pool is full, so that transactions overlap."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'doorward'"
    async with asyncio.timeout(60):
        while service.sql(query)[0]["count"] < connections:  # noqa: ASYNC110 - no event exists
            await asyncio.sleep(0.01)


async def test_concurrent_first_logins_of_an_imported_user_all_succeed(
    make_service: MakeService, own_database: str
) -> None:
    hasher = InterruptedHasher(asyncio.Barrier(8).wait)
    service = await make_service(replace(PARTS, hasher=hasher), database_url=own_database, db_pool_min_conn=8)
    await _until_connected(service, 8)
    person = await service.register()
    _store_hash(service, person.username, _plain("brought along"))
    answers = await asyncio.gather(*(service.post_token(person.username, "brought along") for _ in range(8)))
    assert statuses(answers) == [200] * 8
    assert len(service.sessions_of(person)) == 8


async def test_a_password_changed_during_the_login_is_not_overwritten_by_the_upgrade(
    service: Service, make_service: MakeService
) -> None:
    person = await service.register()
    _store_hash(service, person.username, _plain("brought along"))

    async def change() -> None:
        _store_hash(service, person.username, "changed meanwhile")

    interrupted = await make_service(replace(PARTS, hasher=InterruptedHasher(change)))
    await interrupted.post_token(person.username, "brought along")
    assert _stored_hash(service, person.username) == "changed meanwhile"


async def test_a_user_deactivated_between_check_and_session_gets_no_session(
    service: Service, make_service: MakeService
) -> None:
    person = await service.register()

    async def deactivate() -> None:
        service.set_active(person, active=False)

    interrupted = await make_service(replace(PARTS, hasher=InterruptedHasher(deactivate)))
    assert is_problem(await interrupted.post_token(person.username, PASSWORD), 401, "invalid_credentials")
    assert service.sessions_of(person) == []


async def test_passwords_are_compared_beyond_72_bytes(service: Service) -> None:
    person = await service.register(password="a" * 72 + "b")
    assert (await service.post_token(person.username, "a" * 72 + "c")).status_code == 401
    assert (await service.post_token(person.username, "a" * 72 + "b")).status_code == 200


async def test_the_longest_accepted_password_logs_in(service: Service) -> None:
    person = await service.register(password="correct horse " * 18 + "xxxx")
    assert len(person.password) == MAXIMUM_PASSWORD_LENGTH
    await service.log_in(person)


async def test_a_password_is_not_cut_off_at_a_nul_character(service: Service) -> None:
    person = await service.register(password="before\x00after it")
    assert (await service.post_token(person.username, "before")).status_code == 401
    assert (await service.post_token(person.username, "before\x00after it")).status_code == 200


async def test_a_full_hasher_queue_returns_503_until_it_has_room(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With more threads, all logins of this test would be accepted.
    service = await make_service(replace(PARTS, hasher=BcryptHasher(rounds=4, threads=1)))
    person = await service.register()
    opened, hashpw = threading.Event(), bcrypt.hashpw

    def waiting_hashpw(password: bytes, salt: bytes) -> bytes:
        opened.wait()
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", waiting_hashpw)
    # Of many names, because attempts are limited by name.
    names = [f"nobody-{number}" for number in range(MINIMUM_CAPACITY + 1)]
    calls = [asyncio.ensure_future(service.post_token(name, PASSWORD)) for name in names]
    await asyncio.wait(calls, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    opened.set()
    answers = await asyncio.gather(*calls)
    assert statuses(answers) == [401] * MINIMUM_CAPACITY + [503]
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert is_problem(refused, 503, "service_unavailable")
    assert refused.headers["retry-after"] == "2"
    assert refused.json()["error"] == "temporarily_unavailable"
    assert (await service.post_token(person.username, PASSWORD)).status_code == 200


@pytest.mark.parametrize(
    "old", [" " * 8, "\x00" * 8, "doorward", "Summer2024!", "\u1112\u1161\u11ab" * 3, "a" + "\u0316" * 200]
)
async def test_a_password_that_new_accounts_may_not_use_still_logs_in(service: Service, old: str) -> None:
    person = await service.register()
    assert (await service.post_token(person.username, old)).status_code == 401
    stored = await service.hasher.hash(old)
    service.sql("UPDATE users SET password_hash = %s WHERE id = %s", stored, person.id)
    assert (await service.post_token(person.username, old)).status_code == 200


async def test_the_longest_password_logs_in_composed_and_decomposed(service: Service) -> None:
    person = await service.register(password="e\u0301" * MAXIMUM_PASSWORD_LENGTH)
    for typed in ("\u00e9" * MAXIMUM_PASSWORD_LENGTH, "e\u0301" * MAXIMUM_PASSWORD_LENGTH):
        assert (await service.post_token(person.username, typed)).status_code == 200
