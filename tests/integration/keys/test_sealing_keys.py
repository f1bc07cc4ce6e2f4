"""SECRET_KEY, SECRET_KEY_PREVIOUS and ENCRYPTION_KEYS changed in every order: signing keys stay or the start fails."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

import psycopg
import pytest

from development.long_timeouts import LONG_TIMEOUTS
from doorward.commands.main import main
from doorward.core.principal import ClientPrincipal
from doorward.domain.keys.exceptions import SigningKeysUnreadableError
from doorward.infrastructure.access_tokens import AccessTokens
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.wiring import operations
from doorward.wiring.auth import create_signer, lifetimes_of
from doorward.wiring.database import running_database
from doorward.wiring.keys import create_signing_keys
from tests.integration.keys.copies import PUBLIC_URL, audited, kid_of, make_copy, published, rows
from tests.integration.quick_ring import QUICK_RING
from tests.integration.service import FakeClock, MakeService, settings_of_the_ring

A, B, C, D = (secrets.token_urlsafe(48) for _ in range(4))
Change = dict[str, str]
REWRAP: Final[Change] = {"rewrap": "yes"}


def settings(secret_key: str, previous: str = "", encryption: str = "") -> Change:
    return {"secret_key": secret_key, "secret_key_previous": previous, "encryption_keys": encryption}


SURVIVED: Final[dict[str, list[Change]]] = {
    "a new SECRET_KEY beside the old one": [settings(A), settings(B, A)],
    "a new SECRET_KEY, the old one removed after rewrap": [settings(A), settings(B, A), REWRAP, settings(B)],
    "ENCRYPTION_KEYS is added": [settings(A), settings(A, encryption=C)],
    "ENCRYPTION_KEYS gets another first key": [settings(A, encryption=C), settings(A, encryption=f"{D},{C}")],
    "ENCRYPTION_KEYS is added, rewrap, SECRET_KEY changes": [
        settings(A),
        settings(A, encryption=C),
        REWRAP,
        settings(B, encryption=C),
    ],
    "ENCRYPTION_KEYS is added as SECRET_KEY changes": [settings(A), settings(B, A, C)],
    "both change, step by step": [
        settings(A, encryption=C),
        settings(A, encryption=f"{D},{C}"),
        REWRAP,
        settings(A, encryption=D),
        settings(B, encryption=D),
    ],
    "back from ENCRYPTION_KEYS to SECRET_KEY": [
        settings(A, encryption=C),
        settings(A, encryption=f"{A},{C}"),
        REWRAP,
        settings(A),
    ],
    "SECRET_KEY becomes an encryption key": [settings(A), settings(B, encryption=A)],
    "SECRET_KEY changes twice, with rewrap": [settings(A), settings(B, A), REWRAP, settings(C, B), REWRAP, settings(C)],
}
LOST: Final[dict[str, list[Change]]] = {
    "another SECRET_KEY": [settings(A), settings(B)],
    "SECRET_KEY changes twice, without rewrap": [settings(A), settings(B, A), settings(C, B)],
    "ENCRYPTION_KEYS is added, SECRET_KEY changes without rewrap": [
        settings(A),
        settings(A, encryption=C),
        settings(B, encryption=C),
    ],
    "another ENCRYPTION_KEYS": [settings(A, encryption=C), settings(A, encryption=D)],
    "ENCRYPTION_KEYS is removed": [settings(A, encryption=C), settings(A)],
}


class Starts:
    """Start copies one after the other, each with its settings for signing keys."""

    def __init__(self, database_url: str, clock: FakeClock, stack: AsyncExitStack) -> None:
        self.database_url = database_url
        self.clock = clock
        self.stack = stack

    async def start(self, change: Change) -> AccessTokens:
        """Return the copy's signer and verifier. Raises ``SigningKeysUnreadableError``."""
        settings = settings_of_the_ring(self.database_url, A, {"public_url": PUBLIC_URL, **change})
        database = PostgresDatabase(settings.database, timeouts=LONG_TIMEOUTS)
        await self.stack.enter_async_context(running_database(database))
        signing_keys = create_signing_keys(settings, database, self.clock, QUICK_RING)
        assert signing_keys is not None
        await signing_keys.open()
        return create_signer(settings, lifetimes_of(settings), signing_keys.provider)

    async def start_all(self, changes: list[Change]) -> list[AccessTokens]:
        """Start a copy with each of the settings in turn; REWRAP encrypts the keys again."""
        copies: list[AccessTokens] = []
        present: Change = {}
        for change in changes:
            if change is REWRAP:
                settings = settings_of_the_ring(self.database_url, A, present)
                assert (await operations.reseal(settings)).unreadable == 0
            else:
                present = change
                copies.append(await self.start(change))
        return copies

    def sign(self, copy: AccessTokens) -> str:
        return copy.sign_client("dwc_orders", ["items:read"], PUBLIC_URL, self.clock.now(), algorithm="ES256")

    def verifies(self, copy: AccessTokens, token: str) -> bool:
        return isinstance(copy.verify(token, self.clock.now()), ClientPrincipal)


@pytest.fixture
async def starts(own_database: str, clock: FakeClock) -> AsyncIterator[Starts]:
    async with AsyncExitStack() as stack:
        yield Starts(own_database, clock, stack)


def stored(database_url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT * FROM signing_keys ORDER BY kid").fetchall()


@pytest.mark.parametrize("name", SURVIVED)
async def test_signing_keys_survive_a_change_that_keeps_a_key_to_decrypt_them(starts: Starts, name: str) -> None:
    """Earlier tokens are still verified, and the same keys sign."""
    first, *others = await starts.start_all(SURVIVED[name])
    token = starts.sign(first)
    assert others
    for copy in others:
        assert starts.verifies(copy, token)
        assert kid_of(starts.sign(copy)) == kid_of(token)
        assert starts.verifies(first, starts.sign(copy))
    assert len(stored(starts.database_url)) == 4


@pytest.mark.parametrize("name", LOST)
async def test_the_start_fails_if_the_signing_keys_cannot_be_decrypted(starts: Starts, name: str) -> None:
    """It never creates other keys instead: one copy with wrong settings would replace the keys of all."""
    *before, wrong = LOST[name]
    copies = await starts.start_all(before)
    rows_before = stored(starts.database_url)
    with pytest.raises(SigningKeysUnreadableError):
        await starts.start(wrong)
    assert stored(starts.database_url) == rows_before
    assert starts.verifies(copies[-1], starts.sign(copies[0]))


async def test_the_error_tells_an_operator_what_to_do_and_a_reset_creates_new_keys(
    make_service: MakeService, own_database: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = await make_copy(make_service, own_database, secret_key=A)
    former = set(await published(service))
    environment.setenv("DATABASE_URL", own_database)
    environment.setenv("PUBLIC_URL", "https://auth.example.com")
    for command in (["serve", "--port", "0"], ["worker"], ["keys", "rotate"]):
        assert await asyncio.to_thread(main, command) == 1
        error = capsys.readouterr().err
        assert "ENCRYPTION_KEYS" in error
        assert "SECRET_KEY_PREVIOUS" in error
        assert "doorward keys reset" in error
        assert "Traceback" not in error
    assert set(await published(service)) == former
    assert await asyncio.to_thread(main, ["keys", "reset"]) == 1
    assert "doorward keys reset --yes" in capsys.readouterr().err
    assert await asyncio.to_thread(main, ["keys", "reset", "--yes"]) == 0
    assert {row["kid"] for row in rows(service) if row["revoked_at"] is not None} == former
    assert all(row["sealed"] == b"" for row in rows(service) if row["kid"] in former)
    assert [event["type"] for event in audited(service)].count("key.revoked") == 4
    assert await asyncio.to_thread(main, ["keys", "list"]) == 0
    states = [line.split("\t")[2] for line in capsys.readouterr().out.splitlines()[-8:]]
    assert sorted(states) == ["revoked"] * 4 + ["signing"] * 2 + ["standby"] * 2
