"""The peers as running programs with signed-in users, and their calls."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
import requests
from psycopg import Connection, sql

from benchmarks.load import FORM, JSON, RefreshChain, RepeatedRequests, get
from benchmarks.logins import LoginCall
from benchmarks.peers.installation import PEERS, install_better_auth, install_python_peers
from benchmarks.processes import CALL_SECONDS, HOST, PORT, Running, running
from development.postgres import EmbeddedPostgres

DEFAULT: Final = "default"
"""Selects a peer's own hash; the alternative is "bcrypt"."""

PEOPLE: Final = 8
GUNICORN_THREADS: Final = 4
EMAIL: Final = "user{}@example.com"
EXPECTED: Final = "@example.com"


@dataclass(frozen=True)
class Peer:
    """A running peer. Unsupported calls are None."""

    process: Running
    me: Mapping[str, RepeatedRequests]
    """Calls by the strategy's name, or the peer's if it has one strategy; Django's tokens are created for each load."""
    logins: Sequence[LoginCall]
    postgres: Mapping[str, str]

    def me_requests(self) -> RepeatedRequests:
        """Return calls with new access tokens, which last five minutes (Django only)."""
        pairs = _created_tokens(self.postgres, PEOPLE)
        return RepeatedRequests([get("/me/", authorization=f"Bearer {pair['access']}") for pair in pairs], EXPECTED)

    def refresh_chain(self, count: int) -> RefreshChain:
        """Return new refresh tokens (Django only)."""
        return RefreshChain(
            [pair["refresh"] for pair in _created_tokens(self.postgres, count)], "/token/refresh/", "refresh"
        )

    def rotations(self) -> int:
        """Return how many refresh tokens were used (Django only)."""
        with connect(self.postgres) as connection:
            row = connection.execute("SELECT count(*) FROM token_blacklist_blacklistedtoken").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def fastapi_users(postgres: EmbeddedPostgres, password_hash: str = DEFAULT) -> Iterator[Peer]:
    """Run fastapi-users, one worker, with users signed in by both strategies."""
    settings = database(postgres, "fastapi_users")
    host = quote(settings["PGHOST"], safe="")
    environment = {
        **settings,
        "DATABASE_URL": f"postgresql+asyncpg://postgres@/{settings['PGDATABASE']}?host={host}&port={settings['PGPORT']}",
        "PASSWORD_HASH": password_hash,
    }
    command = [str(install_python_peers()), "-m", "uvicorn", "--app-dir", str(PEERS), "--host", HOST, "--port", PORT]
    command += ["--no-access-log", "--log-level", "warning", "fastapi_users_app:app"]
    with running(command, environment, ready="/openapi.json") as process:
        for number in range(PEOPLE):
            _post(process, "/register", json={"email": EMAIL.format(number), "password": settings["PEER_PASSWORD"]})
        forms = [{"username": EMAIL.format(number), "password": settings["PEER_PASSWORD"]} for number in range(PEOPLE)]
        me = {}
        for strategy in ("jwt", "database"):
            tokens = [_post(process, f"/{strategy}/login", data=form).json()["access_token"] for form in forms]
            calls = [get(f"/{strategy}/me", authorization=f"Bearer {token}") for token in tokens]
            me[strategy] = RepeatedRequests(calls, EXPECTED)
        logins = [LoginCall("/jwt/login", FORM, _form(form), "access_token") for form in forms]
        yield Peer(process, me, logins, settings)


@contextmanager
def django(postgres: EmbeddedPostgres, *, workers: int, password_hash: str = DEFAULT) -> Iterator[Peer]:
    """Run Django under gunicorn, with signed-in users."""
    settings = {
        **database(postgres, "django"),
        "PASSWORD_HASH": password_hash,
        "DJANGO_SETTINGS_MODULE": "django_site.settings",
        "PYTHONPATH": str(PEERS),
    }
    _django("migrate", settings)
    command = [str(install_python_peers()), "-m", "gunicorn", "--bind", f"{HOST}:{PORT}", "--log-level", "warning"]
    command += ["--workers", str(workers), "--threads", str(GUNICORN_THREADS), "django_site.wsgi"]
    with running(command, settings, ready="/health/", worker_count=workers, has_parent=True) as process:
        _created_tokens(settings, PEOPLE)
        bodies = [{"username": f"user{number}", "password": settings["PEER_PASSWORD"]} for number in range(PEOPLE)]
        logins = [LoginCall("/token/", JSON, json.dumps(body), '"refresh"') for body in bodies]
        yield Peer(process, {}, logins, settings)


@contextmanager
def better_auth(postgres: EmbeddedPostgres) -> Iterator[Peer | None]:
    """Run better-auth, one process, with signed-in users. Yields None without Node."""
    program = install_better_auth()
    if program is None:
        yield None
        return
    settings = database(postgres, "better_auth")
    command = ["env", f"PORT={PORT}", "node", str(program)]
    with running(command, settings, ready="/api/auth/ok") as process:
        calls = []
        for number in range(PEOPLE):
            account = {"name": "A", "email": EMAIL.format(number), "password": settings["PEER_PASSWORD"]}
            answer = _post(process, "/api/auth/sign-up/email", json=account)
            cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in answer.cookies)
            calls.append(get("/api/auth/get-session", cookie=cookies))
        bodies = [{"email": EMAIL.format(number), "password": settings["PEER_PASSWORD"]} for number in range(PEOPLE)]
        logins = [LoginCall("/api/auth/sign-in/email", JSON, json.dumps(body), '"token"') for body in bodies]
        yield Peer(process, {"better-auth": RepeatedRequests(calls, EXPECTED)}, logins, settings)


def database(postgres: EmbeddedPostgres, name: str) -> Mapping[str, str]:
    """Create an empty database; return a peer's settings for it.

    Its host is the server's port on loopback if it has one, else the folder of its socket.
    """
    name = f"{name}_{secrets.token_hex(4)}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    parts = parse_qs(urlsplit(postgres.url(name)).query)
    return {
        "PGHOST": HOST if postgres.listens_on_loopback else parts["host"][0],
        "PGPORT": parts["port"][0],
        "PGUSER": "postgres",
        "PGDATABASE": name,
        "PEER_KEY": secrets.token_urlsafe(48),
        "PEER_PASSWORD": secrets.token_urlsafe(18),
    }


def connect(settings: Mapping[str, str]) -> Connection[Any]:
    """Return a connection to a peer's database in autocommit mode."""
    return psycopg.connect(
        host=settings["PGHOST"],
        port=settings["PGPORT"],
        user=settings["PGUSER"],
        dbname=settings["PGDATABASE"],
        autocommit=True,
    )


def _created_tokens(settings: Mapping[str, str], count: int) -> Sequence[Mapping[str, str]]:
    script = f"from django_site.users import print_tokens; print_tokens({count})"
    created: Sequence[Mapping[str, str]] = json.loads(_django("shell", settings, "--command", script))
    return created


def _django(command: str, settings: Mapping[str, str], *arguments: str) -> str:
    whole = [str(install_python_peers()), "-m", "django", command, "--verbosity", "0", *arguments]
    environment = {"PATH": os.environ["PATH"], **settings}
    return subprocess.run(whole, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout


def _post(process: Running, path: str, **body: Any) -> requests.Response:  # noqa: ANN401 - as requests takes it
    answer = requests.post(f"{process.url}{path}", timeout=CALL_SECONDS, **body)
    answer.raise_for_status()
    return answer


def _form(fields: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
