"""The administration of signing keys over HTTP and with `doorward keys`."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from doorward.commands.main import main
from doorward.infrastructure.signing_keys import as_new_key
from tests.integration.accounts.own_account import Owner
from tests.integration.administration.administrator import give, signed_in_with
from tests.integration.keys.copies import KEYS, NEVER, audited, kid_of, make_copy, published, rows
from tests.integration.service import Logs, MakeService, Service, events, is_problem

Run = Callable[..., Awaitable[int]]


@pytest.fixture
async def service(make_service: MakeService, own_database: str) -> Service:
    """Return a copy that reads the keys again only after its own changes."""
    return await make_copy(make_service, own_database, NEVER)


@pytest.fixture
async def admin(service: Service) -> Owner:
    return await signed_in_with(service, "admin")


@pytest.fixture
def run(environment: pytest.MonkeyPatch, own_database: str, capsys: pytest.CaptureFixture[str]) -> Run:
    environment.setenv("DATABASE_URL", own_database)
    environment.setenv("PUBLIC_URL", "https://auth.example.com")

    async def run_command(*arguments: str) -> int:
        capsys.readouterr()
        return await asyncio.to_thread(main, list(arguments))

    return run_command


async def _kid(admin: Owner, state: str, algorithm: str = "ES256") -> str:
    keys = (await admin.call("GET", KEYS)).json()["keys"]
    (found,) = [key["kid"] for key in keys if (key["algorithm"], key["state"]) == (algorithm, state)]
    return str(found)


async def test_an_administrator_lists_the_keys_without_their_secrets(admin: Owner, service: Service) -> None:
    keys = (await admin.call("GET", KEYS)).json()["keys"]
    assert {key["kid"] for key in keys} == set(await published(service))
    members = {"kid", "algorithm", "state", "created_at", "activates_at", "retires_at", "revoked_at"}
    assert all(set(key) == members for key in keys)
    assert sorted(key["state"] for key in keys) == ["signing", "signing", "standby", "standby"]


async def test_an_administrator_rotates_at_once_or_in_a_day(admin: Owner, service: Service) -> None:
    signing, standby = await _kid(admin, "signing"), await _kid(admin, "standby")
    rotated = await admin.call("POST", f"{KEYS}/rotate", json={})
    assert rotated.status_code == 200
    pending = [key for key in rotated.json()["keys"] if key["state"] == "pending"]
    assert standby in [key["kid"] for key in pending]
    assert {key["activates_at"] for key in pending} == {"2026-03-02T12:00:00Z"}
    assert kid_of((await service.log_in(admin.person)).access) == signing
    again = await admin.call("POST", f"{KEYS}/rotate", json={"at_once": False})
    assert is_problem(again, 409, "key_rotation_pending")
    assert (await admin.call("POST", f"{KEYS}/rotate", json={"at_once": True})).status_code == 200
    assert kid_of((await service.log_in(admin.person)).access) == standby
    assert (await service.get_me(admin.pair.access)).status_code == 200


async def test_an_administrator_can_revoke_the_key_of_the_current_token(admin: Owner, service: Service) -> None:
    signing, standby = await _kid(admin, "signing"), await _kid(admin, "standby")
    revoked = await admin.call("POST", f"{KEYS}/{signing}/revoke")
    assert (revoked.status_code, revoked.content) == (204, b"")
    assert is_problem(await service.get_me(admin.pair.access), 401, "invalid_access_token")
    pair = await service.refresh(admin.pair.refresh)
    assert kid_of(pair.access) == standby
    assert signing not in await published(service)
    (row,) = [row for row in rows(service) if row["kid"] == signing]
    assert row["sealed"] == b""
    for path, status, code in ((f"{signing}/revoke", 204, ""), ("unknown/revoke", 404, "signing_key_not_found")):
        answer = await service.authorized("POST", f"{KEYS}/{path}", pair.access)
        assert answer.status_code == status
        assert not code or is_problem(answer, status, code)


async def test_each_change_is_audited_with_its_actor_and_without_secrets(
    admin: Owner, service: Service, logs: Logs
) -> None:
    signing, standby = await _kid(admin, "signing"), await _kid(admin, "standby")
    made_at_the_start = audited(service)
    assert [each["type"] for each in made_at_the_start].count("key.published") == 4
    assert {each["actor"] for each in made_at_the_start} == {None}
    await admin.call("POST", f"{KEYS}/{signing}/revoke")
    new = [each for each in audited(service) if each not in made_at_the_start]
    assert [(each["type"], each["data"]["algorithm"], each["actor"]) for each in new] == [
        ("key.revoked", "ES256", admin.person.id),
        ("key.activated", "ES256", admin.person.id),
        ("key.published", "ES256", admin.person.id),
    ]
    assert [each["data"]["kid"] for each in new[:2]] == [signing, standby]
    assert all(set(each["data"]) == {"kid", "algorithm"} for each in audited(service))
    assert [line["kid"] for line in events(logs, "key.revoked")] == [signing]
    assert '"d":' not in logs.text()
    admin.pair = await service.refresh(admin.pair.refresh)
    await admin.call("POST", f"{KEYS}/rotate", json={"at_once": True})
    retired = [each["actor"] for each in audited(service) if each["type"] == "key.retired"]
    assert retired == [admin.person.id] * 2


async def test_a_change_requires_the_scope(admin: Owner, service: Service) -> None:
    before = rows(service)
    await give(service, admin.person, "support")
    for path in ("rotate", f"{before[0]['kid']}/revoke"):
        assert is_problem(await admin.call("POST", f"{KEYS}/{path}", json={}), 403, "insufficient_scope")
    assert is_problem(await admin.call("GET", KEYS), 403, "insufficient_scope")
    assert rows(service) == before


async def test_without_the_provider_there_are_no_keys_to_change(make_service: MakeService, own_database: str) -> None:
    service = await make_service(database_url=own_database)
    admin = await signed_in_with(service, "admin")
    for answer in (
        await admin.call("GET", KEYS),
        await admin.call("POST", f"{KEYS}/rotate", json={}),
        await admin.call("POST", f"{KEYS}/unknown/revoke"),
    ):
        assert is_problem(answer, 403, "keys_not_in_use")
    assert rows(service) == []


async def test_an_operator_rotates_lists_and_revokes(
    service: Service, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    first = [row["kid"] for row in rows(service)]
    assert await run("keys", "rotate") == 0
    assert "doorward: the next keys sign in 24 hours" in capsys.readouterr().out
    assert await run("keys", "rotate") == 1
    assert "doorward keys rotate --now" in capsys.readouterr().err
    assert await run("keys", "rotate", "--now") == 0
    assert await run("keys", "list") == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines() if "\t" in line]
    assert sorted(line[2] for line in lines) == ["retired"] * 2 + ["signing"] * 2 + ["standby"] * 2
    signing = next(line[0] for line in lines if line[1:3] == ["ES256", "signing"])
    assert signing in first
    assert await run("keys", "revoke", signing) == 0
    assert await run("keys", "revoke", "unknown") == 1
    assert "doorward keys list" in capsys.readouterr().err
    assert (await published(service)).count(signing) == 1, "this copy does not reread the keys by itself"
    operators = [each["actor"] for each in audited(service) if each["type"] == "key.revoked"]
    assert len(operators) == 1
    assert operators[0].startswith("operator:")


async def test_an_operator_with_another_secret_key_can_revoke_and_is_warned_when_no_key_is_left(
    service: Service, run: Run, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("SECRET_KEY", secrets.token_urlsafe(48))
    assert await run("keys", "rotate", "--now") == 1
    of_users = [row["kid"] for row in rows(service) if row["algorithm"] == "ES256"]
    assert [await run("keys", "revoke", kid) for kid in of_users] == [0, 1]
    output = capsys.readouterr()
    assert "doorward: the key is revoked." in output.out
    assert "no key is left that signs ES256" in output.err
    assert {row["kid"] for row in rows(service) if row["revoked_at"]} == set(of_users)


async def test_an_id_that_begins_with_a_hyphen_is_accepted_after_two_hyphens(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("keys", "revoke", "-unknown") == 2
    assert capsys.readouterr().err.endswith('A name or an ID that begins with "-" is written after "--".\n')
    assert await run("keys", "revoke", "--", "-unknown") == 1
    assert "doorward keys list" in capsys.readouterr().err


async def test_an_operator_imports_a_key_of_another_issuer(
    service: Service, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    kid = as_new_key(key).kid
    file = tmp_path / "key.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    assert await run("keys", "import", str(file)) == 0
    output = capsys.readouterr()
    assert kid in output.out
    assert json.loads(as_new_key(key).private)["d"] not in output.out + output.err
    (row,) = [row for row in rows(service) if row["kid"] == kid]
    assert (row["activates_at"] - row["created_at"]).total_seconds() == 24 * 3600
    assert await run("keys", "import", str(file)) == 1
    assert "known already" in capsys.readouterr().err
    file.write_text("nonsense")
    assert await run("keys", "import", str(file)) == 1
    assert "no private key that can sign" in capsys.readouterr().err
    file.write_bytes(b" " * 70_000)
    assert await run("keys", "import", str(file)) == 1
    assert "larger than any key" in capsys.readouterr().err


async def test_without_the_provider_the_commands_name_the_missing_setting(
    run: Run, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.delenv("PUBLIC_URL")
    for command in (["list"], ["rotate"], ["revoke", "x"], ["reset", "--yes"]):
        assert await run("keys", *command) == 1
        assert "PUBLIC_URL" in capsys.readouterr().err
