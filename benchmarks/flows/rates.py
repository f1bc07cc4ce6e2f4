"""Throughput of logins, compared with another version, and of requests for password resets."""

import contextlib
import secrets
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import psycopg
import requests

from benchmarks.flows.versions import Version
from benchmarks.load import FORM, JSON, RepeatedRequests, post, run_load
from benchmarks.logins import LoginCall, measure_logins
from benchmarks.processes import CALL_SECONDS, HOST, PORT, Running, running
from benchmarks.samples import Series
from benchmarks.service import LIMITS_OUT_OF_REACH, UNREACHED_LIMIT
from development.ports import free_port
from development.postgres import EmbeddedPostgres

TOKEN: Final = "/api/v1/auth/token"  # noqa: S105 - a path
REGISTER: Final = "/api/v1/auth/register"
FORGOT: Final = "/api/v1/auth/password/forgot"
PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that live for one measurement
PEOPLE: Final = 16
IN_FLIGHT: Final = 4
FORGOTTEN: Final = 1_000


def login_series(version: Version) -> str:
    """Return the name of a version's series of logins."""
    return f"login: {version.name}"


def measure_logins_of(
    postgres: EmbeddedPostgres, versions: Sequence[Version], rounds: int, count: int, series: Series
) -> None:
    """Measure logins of all versions in turns, each on its own database."""
    with contextlib.ExitStack() as stack:
        calls = [login_call(number) for number in range(PEOPLE)]
        services = [
            stack.enter_context(running_version(postgres, version, number)) for number, version in enumerate(versions)
        ]
        for service in services:
            register(service)
            measure_logins(service, calls, IN_FLIGHT, PEOPLE)
        for _ in range(rounds):
            for version, service in zip(versions, services, strict=True):
                series.add(login_series(version), measure_logins(service, calls, IN_FLIGHT, count))


def measure_forgot(service: Running, rounds: int, seconds: float, series: Series) -> None:
    """Request resets for addresses without an account, and for one with an account, in turns."""
    unknown = [_forgot(f"unknown{number}@example.com") for number in range(FORGOTTEN)]
    loads = {"forgot: unknown addresses": unknown, "forgot: one known address": [_forgot("flows-known@example.com")]}
    for _ in range(rounds):
        for name, calls in loads.items():
            series.add(name, run_load(RepeatedRequests(calls, ""), service, seconds))


def login_call(number: int) -> LoginCall:
    """Return a login of one of the registered users."""
    return LoginCall(TOKEN, FORM, f"username=person-{number}&password={PASSWORD}", '"refresh_token"')


def settings_with_mail(database_url: str, secret_key: str) -> Mapping[str, str]:
    """Return production settings, with mail that is stored and not delivered."""
    return {
        "ENVIRONMENT": "production",
        "DATABASE_URL": database_url,
        "SECRET_KEY": secret_key,
        "SHUTDOWN_DRAIN_SECONDS": "0",
        "BACKGROUND": "off",
        "PUBLIC_URL": "https://auth.example.com",
        "EMAIL_FROM": "accounts@example.com",
        "SMTP_HOST": HOST,
        "SMTP_PORT": str(free_port()),
        "SMTP_TLS": "none",
        **LIMITS_OUT_OF_REACH,
        "RATE_LIMIT_FORGOT": UNREACHED_LIMIT,
        "RATE_LIMIT_RESET": UNREACHED_LIMIT,
        "RATE_LIMIT_VERIFY": UNREACHED_LIMIT,
    }


def _forgot(email: str) -> bytes:
    return post(FORGOT, JSON, f'{{"email":"{email}"}}')


@contextlib.contextmanager
def running_version(
    postgres: EmbeddedPostgres, version: Version, number: int, settings: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run a version with production settings, on its own database, which ``number`` names."""
    name = f"doorward_version_{number}"
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    environment = {
        "ENVIRONMENT": "production",
        "DATABASE_URL": postgres.url(name),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "SHUTDOWN_DRAIN_SECONDS": "0",
        **LIMITS_OUT_OF_REACH,
        **(settings or {}),
    }
    program = [str(version.python), "-m", "doorward"]
    subprocess.run([*program, "migrate"], check=True, env=environment, stdout=subprocess.DEVNULL)
    command = [*program, "serve", "--host", HOST, "--port", PORT]
    with running(command, environment, ready="/health/readiness") as service:
        yield service


def register(service: Running) -> None:
    """Register the users."""
    for number in range(PEOPLE):
        account = {"email": f"person-{number}@example.com", "username": f"person-{number}", "password": PASSWORD}
        requests.post(f"{service.url}{REGISTER}", json=account, timeout=CALL_SECONDS).raise_for_status()
