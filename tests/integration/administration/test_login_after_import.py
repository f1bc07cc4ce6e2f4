"""Imported users log in with the old password, and their hash is then replaced."""

import json
from pathlib import Path
from typing import Final

import httpx

from tests.integration.administration.user_files import UserFiles, lines, person
from tests.integration.service import Logs, Service, is_problem

VECTORS: Final = [
    json.loads(line)
    for line in Path("tests/unit/infrastructure/foreign_hashes.txt").read_text(encoding="utf-8").splitlines()
    if "default" not in line
]
BEGINNINGS: Final = ("$argon2id$", "pbkdf2_sha256$", "$scrypt$", "bcrypt_sha256$", "$P$5")
"""A hash of each family; the unit tests cover all formats."""

SPELLINGS: Final = {each: next(vector for vector in VECTORS if vector["hash"].startswith(each)) for each in BEGINNINGS}


async def log_in(service: Service, name: str, password: str) -> httpx.Response:
    return await service.post_token(name, password)


async def test_the_old_password_is_accepted_and_its_hash_is_replaced(service: Service) -> None:
    files = UserFiles(service)
    people = {name: person(password_hash=vector["hash"]) for name, vector in SPELLINGS.items()}
    assert (await files.store(lines(list(people.values())))).numbers == (len(people), 0, 0)
    for name, each in people.items():
        password = SPELLINGS[name]["password"]
        assert is_problem(await log_in(service, each["username"], password + "x"), 401, "invalid_credentials")
        assert (await log_in(service, each["username"], password)).status_code == 200
        (row,) = files.found(each["email"])
        assert row["password_hash"].startswith("$bcrypt-sha256$v=2,"), name
        assert (await log_in(service, each["username"], password)).status_code == 200


async def test_a_user_without_a_hash_cannot_log_in(service: Service) -> None:
    each = person()
    await UserFiles(service).store(lines([each]))
    for password in ("", "None", "null", "correct horse battery"):
        assert (await log_in(service, each["username"], password)).status_code in {401, 422}


async def test_a_hash_whose_key_is_missing_matches_no_password_and_is_reported(service: Service, logs: Logs) -> None:
    stored = "$firebase-scrypt$ln=4,r=1$Bw$c2FsdHNhbHQ$" + "A" * 43
    each, files = person(), UserFiles(service)
    await files.store(lines([each]))
    service.sql("UPDATE users SET password_hash = %s WHERE username_key = %s", stored, each["username"])
    answer = await log_in(service, each["username"], "correct horse battery")
    assert is_problem(answer, 401, "invalid_credentials")
    (line,) = [line for line in logs.lines() if line["event"] == "auth.stored_hash.refused"]
    assert line["reason"] == "hash_needs_signer_key"
