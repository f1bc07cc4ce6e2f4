"""Imports of 100,000 users by the command, a file of each format: `python -m benchmarks.user_import`.

Prints a table row for each format: seconds, the command's CPU seconds, and its memory growth compared with an import of
one thousand users.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql

from development.postgres import EmbeddedPostgres
from doorward.infrastructure.migrations import migrate

USERS: Final = 100_000
FEW: Final = 1_000
KIB_OF_A_MB: Final = 1024
BCRYPT: Final = "$2b$12$" + "." * 53
CHECKSUM: Final = "A" * 43 + "="
MOMENT: Final = "2024-03-05T16:34:19.775123+00:00"


@dataclass(frozen=True)
class Measured:
    """One import: its duration, its process's CPU seconds, and its peak memory."""

    seconds: float
    processor_seconds: float
    peak_mb: float


def csv(users: int) -> Iterator[str]:
    """Yield the parts of a CSV file in the service's own format."""
    yield "email,username,password_hash,external_id,email_verified,created_at\n"
    for number in range(users):
        yield f"person{number}@example{number % 50}.com,person{number},{BCRYPT},{number},true,{MOMENT}\n"


def ndjson(users: int) -> Iterator[str]:
    """Yield the lines of an NDJSON file in the service's own format."""
    for number in range(users):
        yield _json({"email": f"person{number}@example.com", "username": f"person{number}", "external_id": str(number)})


def auth0(users: int) -> Iterator[str]:
    """Yield the lines of Auth0's file with hashes."""
    for number in range(users):
        email = f"person{number}@example.com"
        yield _json({"_id": {"$oid": f"{number:024x}"}, "email": email, "email_verified": True, "passwordHash": BCRYPT})


def keycloak(users: int) -> Iterator[str]:
    """Yield the parts of a Keycloak realm."""
    parameters = {"hashLength": ["32"], "memory": ["7168"], "type": ["id"], "version": ["1.3"], "parallelism": ["1"]}
    data = {"hashIterations": 5, "algorithm": "argon2", "additionalParameters": parameters}
    credential = {
        "type": "password",
        "secretData": json.dumps({"value": CHECKSUM, "salt": "A" * 22 + "=="}),
        "credentialData": json.dumps(data),
    }
    yield '{"realm": "example", "users": '
    yield from _array(
        {
            "id": str(UUID(int=number)),
            "username": f"person{number}",
            "email": f"person{number}@example.com",
            "emailVerified": True,
            "enabled": True,
            "createdTimestamp": 1700000000123,
            "credentials": [credential],
            "realmRoles": ["default-roles-example"],
        }
        for number in range(users)
    )
    yield "}"


def firebase(users: int) -> Iterator[str]:
    """Yield the parts of a Firebase project's users, without passwords."""
    yield '{"users": '
    yield from _array(
        {"localId": f"id{number}", "email": f"person{number}@example.com", "emailVerified": True}
        for number in range(users)
    )
    yield "}"


def supabase(users: int) -> Iterator[str]:
    """Yield the lines of Supabase's table of users."""
    yield "instance_id,id,aud,role,email,encrypted_password,email_confirmed_at,created_at\n"
    for number in range(users):
        yield f",{UUID(int=number)},authenticated,,person{number}@example.com,{BCRYPT},{MOMENT},{MOMENT}\n"


def django(users: int) -> Iterator[str]:
    """Yield the parts of a Django dump."""
    yield from _array(
        {
            "model": "auth.user",
            "pk": number,
            "fields": {
                "username": f"person{number}",
                "email": f"person{number}@example.com",
                "password": f"pbkdf2_sha256$1000000$seasalt${CHECKSUM}",
                "is_active": True,
                "date_joined": MOMENT,
            },
        }
        for number in range(users)
    )


FILES: Final[Mapping[str, Callable[[int], Iterator[str]]]] = {
    each.__name__: each for each in (csv, ndjson, keycloak, auth0, firebase, supabase, django)
}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value) + "\n"


def _array(elements: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    for number, element in enumerate(elements):
        yield ("," if number else "[") + json.dumps(element)
    yield "]"


def measure(postgres: EmbeddedPostgres, source: str, users: int, folder: Path) -> Measured:
    """Import that many users into a new database. Raises ``RuntimeError`` unless all are stored."""
    path = folder / f"{source}-{users}"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(FILES[source](users))
    name = f"{source}_{users}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = postgres.url(name)
    migrate(url)
    environment = {**os.environ, "DATABASE_URL": url, "ENVIRONMENT": "development"}
    started = time.perf_counter()
    command = [sys.executable, "-m", "doorward", "import-users", str(path), "--format", source]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    output = process.stdout.read() if process.stdout else ""
    if status != 0 or f"{users} users stored" not in output:
        raise RuntimeError(f"{source}: {output}")
    path.unlink()
    return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB_OF_A_MB)


def main() -> None:
    """Measure the imports of all formats, or of the named ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="*", default=list(FILES), help=", ".join(FILES))
    parser.add_argument("--users", type=int, default=USERS, help="in each file")
    arguments = parser.parse_args()
    print(f"| Format | Seconds per {arguments.users:,} | Processor seconds of the command | Memory growth, MB |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres() as postgres:
        for source in arguments.sources:
            few, many = (measure(postgres, source, users, Path(folder)) for users in (FEW, arguments.users))
            growth = many.peak_mb - few.peak_mb
            print(f"| {source} | {many.seconds:.1f} | {many.processor_seconds:.1f} | {growth:.1f} |", flush=True)


if __name__ == "__main__":
    main()
