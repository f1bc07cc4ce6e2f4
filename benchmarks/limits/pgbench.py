"""L2: the same statements by pgbench, prepared, over the same socket."""

import re
import subprocess
import tempfile
from collections.abc import Mapping
from typing import Final

from benchmarks.accounts import SECRET_HASH, Accounts
from benchmarks.statements import FIND_SESSION_USER, ROTATE
from development.postgres import POSTGRES_BIN_PATH

CLIENTS: Final = 16
THREADS: Final = 2
SESSION_OF_CLIENT: Final = "('00000000-0000-4000-8000-' || lpad({}::text, 12, '0'))::uuid"

_PARAMETER: Final = re.compile(r"%\((\w+)\)s")


def session_lookups_per_second(accounts: Accounts, seconds: float) -> float:
    """Return how many times per second a session is looked up with its user."""
    session = accounts.sessions(1)[0]
    parameters = {"session_id": f"'{session.id}'", "user_id": f"'{session.user_id}'", "now": "now()"}
    return _run(accounts.url, _filled(FIND_SESSION_USER, parameters) + ";", seconds, {})


def rotations_per_second(accounts: Accounts, seconds: float) -> float:
    """Return how many times per second sessions are rotated, one session per client."""
    _make_sessions(accounts)
    parameters = {
        "session_id": SESSION_OF_CLIENT.format(":client_id"),
        "user_id": "sessions.user_id",
        "generation": ":reached",
        "secret_hash": f"decode('{SECRET_HASH.hex()}', 'hex')",
        "now": "now()",
        "idle_expires_at": "(now() + interval '7 days')",
    }
    statement = _filled(ROTATE, parameters).replace(
        "RETURNING sessions.user_id", "RETURNING sessions.generation AS reached"
    )
    # \gset fails if no row was changed, so each counted transaction is a rotation.
    rate = _run(accounts.url, statement.rstrip() + " \\gset\n", seconds, {"reached": 0})
    accounts.connection.execute("DELETE FROM sessions WHERE id::text LIKE '00000000-0000-4000-8000-%'")
    return rate


def _make_sessions(accounts: Accounts) -> None:
    accounts.connection.execute(
        f"""
        INSERT INTO sessions (
            id, user_id, secret_hash, generation, amr, acr, authenticated_at, created_at, refreshed_at, expires_at,
            session_expires_at
        )
        SELECT {SESSION_OF_CLIENT.format("client")}, users.id, %(secret_hash)s, 0, '{{pwd}}', 1, now(), now(), now(),
            now() + interval '7 days', now() + interval '90 days'
        FROM generate_series(0, %(clients)s - 1) AS client
        JOIN users ON users.username_key = 'user' || (client + 1)
        """.encode(),  # noqa: S608 - a literal of this file
        {"secret_hash": SECRET_HASH, "clients": CLIENTS},
    )


def _filled(statement: str, parameters: Mapping[str, str]) -> str:
    return _PARAMETER.sub(lambda match: parameters[match[1]], statement)


def _run(url: str, script: str, seconds: float, variables: Mapping[str, int]) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [str(POSTGRES_BIN_PATH / "pgbench"), "--no-vacuum", "--protocol=prepared", f"--file={file.name}"]
        command += [f"--client={CLIENTS}", f"--jobs={THREADS}", f"--time={round(seconds)}"]
        command += [f"--define={name}={value}" for name, value in variables.items()]
        finished = subprocess.run([*command, url], check=False, capture_output=True, text=True)
    found = re.search(r"^tps = ([\d.]+)", finished.stdout, re.MULTILINE)
    if finished.returncode != 0 or found is None:
        raise RuntimeError(f"pgbench failed: {finished.stderr.strip()[-500:]}")
    return float(found[1])
