"""The memory and start-up cost of second factors and passkeys for a worker: `python -m benchmarks.second_factors`.

Prints a row for each variant: the CPU time until the process was ready, and its resident memory then and after a few
uses. Medians of several rounds, in turns.
"""

import secrets
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import requests

from benchmarks.markdown import table
from benchmarks.processes import CALL_SECONDS, processor_seconds
from benchmarks.service import LIMITS_OUT_OF_REACH, PASSWORD, Service, running_service
from development.authenticator import Authenticator
from development.postgres import EmbeddedPostgres
from development.second_factor import set_up_application
from doorward.infrastructure.migrations import migrate

ROUNDS: Final = 3
USES: Final = 5
ORIGIN: Final = "http://localhost:8000"
"""The origin of the software authenticator's passkeys: only the host of PUBLIC_URL has to match."""
WITH_PASSKEYS: Final = {**LIMITS_OUT_OF_REACH, "PUBLIC_URL": ORIGIN}
SECRET_KEY: Final = secrets.token_urlsafe(48)
"""Shared by all starts, because signing keys are stored under it."""
AUTH: Final = "/api/v1/auth"
PASSKEYS: Final = "/api/v1/account/passkeys"


@dataclass(frozen=True)
class Variant:
    """A configuration, and the calls that use it."""

    settings: Mapping[str, str]
    use: Callable[[Service], None]


@dataclass(frozen=True)
class Measured:
    """One start: its CPU seconds, and the worker's memory in MB before and after the uses."""

    seconds: float
    started_mb: float
    used_mb: float


def main() -> None:
    """Measure each variant in turns, and print the rows."""
    with EmbeddedPostgres() as postgres:
        migrate(postgres.url())
        measured: dict[str, list[Measured]] = {name: [] for name in VARIANTS}
        for _ in range(ROUNDS):
            for name, variant in VARIANTS.items():
                measured[name].append(_measure(postgres.url(), variant))
    head = ["A worker", "start, s of a processor", "after the start, MB", f"after {USES} uses, MB"]
    print(table([head, *(_row(name, each) for name, each in measured.items())]))


def _measure(database_url: str, variant: Variant) -> Measured:
    with running_service(database_url, settings=variant.settings, secret_key=SECRET_KEY) as service:
        seconds, started = processor_seconds(service.pid), service.memory_mb()
        for _ in range(USES):
            variant.use(service)
        return Measured(seconds, started, service.memory_mb())


def _row(name: str, measured: list[Measured]) -> list[str]:
    columns = ([each.seconds for each in measured], [m.started_mb for m in measured], [m.used_mb for m in measured])
    seconds, started, used = (statistics.median(column) for column in columns)
    return [name, f"{seconds:.2f}", f"{started:.1f}", f"{used:.1f}"]


def _log_in(service: Service) -> str:
    """Register, log in with the password, and return the access token."""
    name = f"person-{uuid4().hex[:12]}"
    account = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    _post(service, f"{AUTH}/register", json=account)
    login = {"username": name, "password": PASSWORD}
    return str(_post(service, f"{AUTH}/token", data=login)["access_token"])


def _use_password(service: Service) -> None:
    _log_in(service)


def _use_application(service: Service) -> None:
    set_up_application(service.url, _log_in(service))


def _use_passkey(service: Service) -> None:
    """Register a passkey, and sign in with it."""
    headers = {"Authorization": f"Bearer {_log_in(service)}"}
    authenticator = Authenticator(ORIGIN)
    created = authenticator.create(_post(service, f"{PASSKEYS}/options", headers=headers))
    _post(service, PASSKEYS, json={"credential": created}, headers=headers)
    signed = authenticator.get(_post(service, f"{AUTH}/passkeys/options", json={}))
    _post(service, f"{AUTH}/passkeys/token", json={"credential": signed})


def _post(service: Service, path: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - requests' own
    answer = requests.post(f"{service.url}{path}", timeout=CALL_SECONDS, **options)
    answer.raise_for_status()
    members: dict[str, Any] = answer.json()
    return members


VARIANTS: Final = {
    "passwords": Variant(LIMITS_OUT_OF_REACH, _use_password),
    "and applications": Variant(LIMITS_OUT_OF_REACH, _use_application),
    "with `PUBLIC_URL`, passwords": Variant(WITH_PASSKEYS, _use_password),
    "and passkeys": Variant(WITH_PASSKEYS, _use_passkey),
}


if __name__ == "__main__":
    main()
