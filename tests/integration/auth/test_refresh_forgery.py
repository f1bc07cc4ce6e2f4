"""Forged refresh tokens reach no database, and a dump allows no forgery. Statements are counted by PostgreSQL."""

import asyncio
import base64
import hashlib
import secrets
import struct
from collections.abc import Awaitable, Callable
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from development.client import Pair
from development.postgres import EmbeddedPostgres
from doorward.domain.auth.tokens.refresh_token import RefreshToken
from tests.integration.auth.refresh_tokens import codec_of
from tests.integration.service import MakeService, Service, statuses

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
ROUNDS = 50

CountStatements = Callable[[Awaitable[object]], Awaitable[int]]


def forged(token: str) -> str:
    """Change a character of the signature of which every bit is significant."""
    return f"{token[:-8]}{'B' if token[-8] == 'A' else 'A'}{token[-7:]}"


@pytest.fixture
async def service(make_service: MakeService, own_database: str) -> Service:
    """An application on a database whose server logs every statement."""
    name = psycopg.conninfo.conninfo_to_dict(own_database)["dbname"]
    with psycopg.connect(own_database, autocommit=True) as connection:
        command = sql.SQL("ALTER DATABASE {} SET log_statement = 'all'")
        connection.execute(command.format(sql.Identifier(str(name))))
    return await make_service(database_url=own_database)


@pytest.fixture
def count_statements(postgres: EmbeddedPostgres) -> CountStatements:
    """Count the statements, BEGIN and COMMIT included, that reach the server during a call."""

    def logged() -> int:
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            row = connection.execute("SELECT pg_read_file('server.log')").fetchone()
        assert row is not None
        return sum("LOG:  statement:" in line or "LOG:  execute " in line for line in row[0].splitlines())

    async def count(work: Awaitable[object]) -> int:
        before = logged()
        await work
        return logged() - before

    return count


async def test_a_rotation_is_one_statement(service: Service, count_statements: CountStatements) -> None:
    _, pair = await service.register_and_log_in()
    assert await count_statements(service.refresh(pair.refresh)) == 1


async def test_me_is_one_statement(service: Service, count_statements: CountStatements) -> None:
    _, pair = await service.register_and_log_in()
    assert await count_statements(service.get_me(pair.access)) == 1


async def test_a_logout_and_its_audit_entry_are_one_transaction(
    service: Service, count_statements: CountStatements
) -> None:
    _, pair = await service.register_and_log_in()
    # BEGIN, the lock of the user, the end of the session, the audit entry, COMMIT.
    assert await count_statements(service.post_revoke(pair.refresh)) == 5
    # A session that has ended is not changed, and nothing is recorded.
    assert await count_statements(service.post_revoke(pair.refresh)) == 4


async def test_a_token_with_one_changed_character_does_not_reach_the_database(
    service: Service, count_statements: CountStatements
) -> None:
    _, pair = await service.register_and_log_in()
    token = pair.refresh
    changed = [
        token[:position] + other + token[position + 1 :]
        for position in range(len(token))
        for other in {ALPHABET[(ALPHABET.index(token[position]) + step) % 64] for step in (1, 2, 32)}
    ]

    async def send() -> None:
        answers = [await service.post_refresh(each) for each in changed]
        assert statuses(answers) == [401] * len(changed)

    assert len(changed) == 96 * 3
    assert await count_statements(send()) == 0
    assert (await service.post_refresh(token)).status_code == 200


async def test_revoking_a_forged_token_does_not_reach_the_database(
    service: Service, count_statements: CountStatements
) -> None:
    _, pair = await service.register_and_log_in()
    assert await count_statements(service.post_revoke(pair.refresh[:-1])) == 0
    assert (await service.get_me(pair.access)).status_code == 200


async def test_no_forged_access_token_reaches_the_database(service: Service, count_statements: CountStatements) -> None:
    _, pair = await service.register_and_log_in()
    assert await count_statements(service.get_me(forged(pair.access))) == 0


async def test_no_forged_token_reaches_the_database_while_two_keys_are_valid(
    service: Service, make_service: MakeService, count_statements: CountStatements
) -> None:
    rotated = await make_service(
        database_url=service.database_url,
        secret_key=secrets.token_urlsafe(48),
        secret_key_previous=service.settings.keys.secret_key,
    )
    for pair in [(await each.register_and_log_in())[1] for each in (service, rotated)]:
        assert await count_statements(rotated.post_refresh(forged(pair.refresh))) == 0
        assert await count_statements(rotated.post_revoke(forged(pair.refresh))) == 0
        assert await count_statements(rotated.get_me(forged(pair.access))) == 0
        assert await count_statements(rotated.get_me(pair.access)) == 1


def _guesses(session: dict[str, object]) -> list[bytes]:
    """Return the values that an attacker with the session's row could try as its secret."""
    stored, session_id = session["secret_hash"], session["id"]
    assert isinstance(stored, bytes)
    assert isinstance(session_id, UUID)
    return [
        stored[:16],
        stored[16:],
        bytes(16),
        session_id.bytes,
        hashlib.sha256(stored).digest()[:16],
        secrets.token_bytes(16),
    ]


async def test_a_dump_of_the_tables_with_the_secret_key_allows_no_forged_tokens(service: Service) -> None:
    person, first = await service.register_and_log_in()
    pair = await service.refresh(first.refresh)
    before = service.sessions_of(person)
    codec = codec_of(service)
    for secret in _guesses(before[0]):
        for generation in (0, 1, 2, 2**32 - 1):
            minted = codec.encode(RefreshToken(before[0]["id"], before[0]["user_id"], generation, secret))
            assert (await service.post_refresh(minted)).status_code == 401
            assert (await service.post_revoke(minted)).status_code == 204
    assert service.sessions_of(person) == before
    assert (await service.post_refresh(pair.refresh)).status_code == 200


async def test_a_token_of_a_future_generation_is_refused_and_ends_no_session(service: Service) -> None:
    person, pair = await service.register_and_log_in()
    raw = base64.urlsafe_b64decode(pair.refresh.removeprefix("dwr_"))
    _, session_id, user_id, generation, secret = struct.unpack(">B16s16sI16s", raw[:53])
    codec = codec_of(service)
    ahead = codec.encode(RefreshToken(UUID(bytes=session_id), UUID(bytes=user_id), generation + 1, secret))
    assert (await service.post_refresh(ahead)).status_code == 401
    assert service.sessions_of(person)[0]["ended_at"] is None


async def test_a_service_with_another_secret_key_refuses_all_tokens(
    service: Service, make_service: MakeService
) -> None:
    person, pair = await service.register_and_log_in()
    other = await make_service(database_url=service.database_url, secret_key=secrets.token_urlsafe(48))
    assert (await other.post_refresh(pair.refresh)).status_code == 401
    assert (await other.get_me(pair.access)).status_code == 401
    assert service.sessions_of(person)[0]["ended_at"] is None


async def _race(service: Service, pair: Pair, *, revoke_first: bool) -> list[Pair]:
    """Refresh and revoke concurrently; return the successors that the refresh got."""
    calls = [service.post_refresh(pair.refresh), service.post_revoke(pair.refresh)]
    answers = await asyncio.gather(*(reversed(calls) if revoke_first else calls))
    assert 204 in statuses(answers)
    won = [answer.json() for answer in answers if answer.status_code == 200]
    return [Pair(each["access_token"], each["refresh_token"]) for each in won]


@pytest.mark.parametrize("leeway", [0, 10])
async def test_after_a_logout_no_token_of_a_concurrent_refresh_is_valid(
    make_service: MakeService, shared_database: str, leeway: int
) -> None:
    service = await make_service(
        database_url=shared_database, refresh_token_reuse_leeway_seconds=leeway, db_pool_min_conn=4
    )
    person = await service.register()
    for number in range(ROUNDS):
        pair = await service.log_in(person)
        for survivor in [pair, *await _race(service, pair, revoke_first=bool(number % 2))]:
            assert (await service.get_me(survivor.access)).status_code == 401
            assert (await service.post_refresh(survivor.refresh)).status_code == 401
