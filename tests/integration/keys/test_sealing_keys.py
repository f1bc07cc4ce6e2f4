"""SECRET_KEY, SECRET_KEY_PREVIOUS and ENCRYPTION_KEYS changed in every order: signing keys stay, or the start fails."""

import asyncio
from typing import Final

import pytest

from doorward.commands.main import main
from doorward.domain.keys.exceptions import SigningKeysUnreadableError
from doorward.settings.config import settings_from
from doorward.wiring import operations
from tests.integration.keys.copies import audited, kid_of, make_copy, published, rows
from tests.integration.service import MakeService, Service

A, B, C, D = (letter * 2 + "q8Zw3KfT5xLm1Vd7RbYp0NcGhJ4sUeQ6" for letter in "ABCD")
Change = dict[str, str]
REWRAP: Final[Change] = {"rewrap": "yes"}


def settings(secret_key: str, previous: str = "", encryption: str = "") -> Change:
    return {"secret_key": secret_key, "secret_key_previous": previous, "encryption_keys": encryption}


SURVIVED: Final[dict[str, list[Change]]] = {
    "a new SECRET_KEY beside the old one": [settings(A), settings(B, A)],
    "and the old one gone after rewrap": [settings(A), settings(B, A), REWRAP, settings(B)],
    "ENCRYPTION_KEYS begins": [settings(A), settings(A, encryption=C)],
    "ENCRYPTION_KEYS gets another one in front": [settings(A, encryption=C), settings(A, encryption=f"{D},{C}")],
    "ENCRYPTION_KEYS begins, rewrap, SECRET_KEY changes": [
        settings(A),
        settings(A, encryption=C),
        REWRAP,
        settings(B, encryption=C),
    ],
    "ENCRYPTION_KEYS begins as SECRET_KEY changes": [settings(A), settings(B, A, C)],
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
    "ENCRYPTION_KEYS begins, SECRET_KEY changes without rewrap": [
        settings(A),
        settings(A, encryption=C),
        settings(B, encryption=C),
    ],
    "another ENCRYPTION_KEYS": [settings(A, encryption=C), settings(A, encryption=D)],
    "no ENCRYPTION_KEYS any more": [settings(A, encryption=C), settings(A)],
}


async def history(make_service: MakeService, database: str, changes: list[Change]) -> list[Service]:
    """Start the service with each settings in turn, and encrypt anew where that is said; return the services."""
    services: list[Service] = []
    present: Change = {}
    for change in changes:
        if change is REWRAP:
            values = {"environment": "development", "database_url": database, **present}
            assert (await operations.reseal(settings_from(values))).unreadable == 0
            continue
        present = change
        services.append(await make_copy(make_service, database, **change))
    return services


@pytest.mark.parametrize("name", SURVIVED)
async def test_signing_keys_survive_a_change_that_keeps_what_opens_them(
    make_service: MakeService, own_database: str, name: str
) -> None:
    """The tokens of before are verified, and the same keys sign."""
    first, *others = await history(make_service, own_database, SURVIVED[name])
    _, pair = await first.register_and_log_in()
    for service in others:
        assert (await service.get_me(pair.access)).status_code == 200
        assert await published(service) == await published(first)
        _, of_now = await service.register_and_log_in()
        assert kid_of(of_now.access) == kid_of(pair.access)
    assert len(rows(first)) == 4


@pytest.mark.parametrize("name", LOST)
async def test_the_start_fails_where_nothing_opens_the_signing_keys(
    make_service: MakeService, own_database: str, name: str
) -> None:
    """It never makes others instead: one copy with wrong settings would revoke the keys of all."""
    *before, wrong = LOST[name]
    services = await history(make_service, own_database, before)
    stored = rows(services[0])
    with pytest.raises(SigningKeysUnreadableError):
        await make_copy(make_service, own_database, **wrong)
    assert rows(services[0]) == stored
    _, pair = await services[-1].register_and_log_in()
    assert (await services[-1].get_me(pair.access)).status_code == 200


async def test_an_operator_is_told_what_to_do_and_may_begin_anew(
    make_service: MakeService, own_database: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = await make_copy(make_service, own_database, secret_key=A)
    former = set(await published(service))
    environment.setenv("DATABASE_URL", own_database)
    environment.setenv("PUBLIC_URL", "https://auth.example.com")
    for command in (["serve", "--port", "0"], ["worker"], ["keys", "rotate"]):
        assert await asyncio.to_thread(main, command) == 1
        told = capsys.readouterr().err
        assert "ENCRYPTION_KEYS" in told
        assert "SECRET_KEY_PREVIOUS" in told
        assert "doorward keys reset" in told
        assert "Traceback" not in told
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
