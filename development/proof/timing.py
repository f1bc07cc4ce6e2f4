"""What response times reveal about an account: `python -m development.proof.timing [--deep]`.

Calls that an attacker must not be able to distinguish are made in random order, on one connection to a temporary
service. For each pair of kinds, the area under the ROC curve (AUC) of time as a classifier is estimated: 0.5 is a
guess, and 0.45 to 0.55 is permitted. An estimate from n calls of each kind varies: 1.96 standard errors of a fair
service are 0.8 / sqrt(n), so with 300 calls one fair pair in 29 is outside. A pair that is outside is therefore
measured again with all others, up to ``ROUNDS`` times, and all calls count: after four rounds of 300 a fair pair is
outside once in 40,000. A true AUC of 0.60 is inside after the first round once in 60, with 2,000 calls never.
"""

import argparse
import contextlib
import itertools
import random
import secrets
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import bcrypt
import psycopg
import requests

from benchmarks.processes import CALL_SECONDS
from benchmarks.service import running_service
from development.postgres import EmbeddedPostgres
from development.proof.client_timing import SETTINGS as CLIENT_SETTINGS
from development.proof.client_timing import ClientSite
from development.proof.factor_timing import FactorSite
from development.proof.mailed_timing import MailedSite, mailed_settings
from development.proof.provider_timing import ProviderSite
from development.proof.timing_kinds import PASSWORD, Kind, area_under_curve, is_distinguishable
from doorward.domain.auth.login.throttling import LOGIN_CURVE
from doorward.infrastructure.migrations import migrate

SAMPLES: Final = 300
DEEP_SAMPLES: Final = 2000
ROUNDS: Final = 4
WARM_UP: Final = 20
COST: Final = 8
"""About 15 ms: differences in anything but hashing are more visible than at the cost of production."""

CHEAP_COST: Final = 4
WRONG: Final = "a password of nobody at all"


class Site:
    """The service under attack, over one connection."""

    def __init__(self, url: str, database_url: str) -> None:
        """Create the accounts that are known by name."""
        self._url = f"{url}/api/v1/auth"
        self._session = requests.Session()
        self._session.trust_env = False
        for name in ("known", "inactive", "cheap", "gone", "leaving"):
            self.register(name, f"{name}@example.com").raise_for_status()
        cheap = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(CHEAP_COST)).decode()
        self._operator = psycopg.connect(database_url, autocommit=True)
        self._operator.execute("UPDATE users SET is_active = false WHERE username IN ('inactive', 'gone')")
        self._operator.execute(
            "UPDATE users SET is_active = false, is_restorable = true, deletion_due_at = now() + interval '14 days'"
            " WHERE username = 'leaving'"
        )
        self._operator.execute("UPDATE users SET password_hash = %s WHERE username IN ('cheap', 'gone')", [cheap])

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
        self._operator.close()

    def register(self, name: str, address: str | None = None) -> requests.Response:
        """Register a user of this name, with a random address by default."""
        address = address or f"{secrets.token_hex(8)}@example.com"
        body = {"email": address, "username": name, "password": PASSWORD}
        return self._session.post(f"{self._url}/register", json=body, timeout=CALL_SECONDS)

    def log_in(self, name: str, password: str) -> requests.Response:
        """Try to log in."""
        form = {"username": name, "password": password}
        return self._session.post(f"{self._url}/token", data=form, timeout=CALL_SECONDS)

    def logins(self) -> list[Kind]:
        """Return the refused logins that an attacker must not be able to distinguish.

        Each is the first with its name.
        """
        return [
            Kind(name, call, 401, prepare=self._forget_failures)
            for name, call in {
                "wrong password": lambda: self.log_in("known", WRONG),
                "unknown user": lambda: self.log_in(f"u{secrets.token_hex(8)}", WRONG),
                "deactivated user, wrong password": lambda: self.log_in("inactive", WRONG),
                "deactivated user, right password": lambda: self.log_in("inactive", PASSWORD),
                "user who waits for the deletion, wrong password": lambda: self.log_in("leaving", WRONG),
                "old cheap hash, wrong password": lambda: self.log_in("cheap", WRONG),
                "old cheap hash, deactivated user, right password": lambda: self.log_in("gone", PASSWORD),
            }.items()
        ]

    def _forget_failures(self) -> None:
        self._operator.execute("DELETE FROM login_throttles")

    def throttled_logins(self) -> list[Kind]:
        """Return throttled logins, in which no hash conceals the time of the database."""
        for name in ("known", "inactive", "unknown"):
            for _ in range(LOGIN_CURVE.free):
                self.log_in(name, WRONG)
        self._operator.execute("UPDATE login_throttles SET next_at = next_at + interval '1 day'")
        return [
            Kind("throttled user", lambda: self.log_in("known", WRONG), 429),
            Kind("throttled deactivated user", lambda: self.log_in("inactive", PASSWORD), 429),
            Kind("throttled unknown user", lambda: self.log_in("unknown", WRONG), 429),
        ]

    def registrations(self) -> list[Kind]:
        """Return registrations of taken names outside of confirmed mode, where the status reveals that."""
        return [
            Kind("taken name", lambda: self.register("known"), 409),
            Kind("taken address", lambda: self.register(f"u{secrets.token_hex(8)}", "known@example.com"), 409),
        ]


def compare(kinds: Sequence[Kind], samples: int) -> bool:
    """Measure the kinds, print the AUC of each pair, and return whether one reveals too much."""
    pairs = list(itertools.combinations(kinds, 2))
    _measure(kinds, WARM_UP, keep=False)
    for _ in range(ROUNDS):
        _measure(kinds, samples)
        if not any(is_distinguishable(one, other) for one, other in pairs):
            break
    for kind in kinds:
        print(f"  {kind.name}: median of {len(kind.seconds)}: {statistics.median(kind.seconds) * 1000:.2f} ms")
    for one, other in pairs:
        verdict = "TELLING" if is_distinguishable(one, other) else "inside"
        print(f"  {area_under_curve(other.seconds, one.seconds):.3f}  {verdict}  {other.name} against {one.name}")
    return any(is_distinguishable(one, other) for one, other in pairs)


def _measure(kinds: Sequence[Kind], samples: int, *, keep: bool = True) -> None:
    for _ in range(samples):
        for kind in random.sample(kinds, len(kinds)):
            kind.measure(keep=keep)


def main() -> int:
    """Attack a temporary service on a temporary PostgreSQL; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deep", action="store_true", help=f"{DEEP_SAMPLES} calls of each kind instead of {SAMPLES}")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="calls of each kind in a round")
    parser.add_argument("--only", choices=list(COMPARISONS), help="attack these calls only (default: all)")
    arguments = parser.parse_args()
    samples = DEEP_SAMPLES if arguments.deep else arguments.samples
    settings = {"ENVIRONMENT": "development", "BCRYPT_ROUNDS": str(COST), "RATE_LIMIT_ENABLED": "false"}
    with EmbeddedPostgres() as postgres:
        migrate(postgres.url())
        chosen = [COMPARISONS[name] for name in ([arguments.only] if arguments.only else COMPARISONS)]
        tells = [compare_one(postgres, settings, samples) for compare_one in chosen]
    return int(any(tells))


def _compare_logins(postgres: EmbeddedPostgres, settings: Mapping[str, str], samples: int) -> bool:
    """Measure logins and registrations."""
    with (
        running_service(postgres.url(), settings=settings) as service,
        contextlib.closing(Site(service.url, postgres.url())) as site,
    ):
        print("Refused logins:")
        tells = compare(site.logins(), samples)
        print("Throttled logins:")
        tells |= compare(site.throttled_logins(), samples)
        print("Registrations:")
        return tells | compare(site.registrations(), samples)


def _compare_clients(postgres: EmbeddedPostgres, settings: Mapping[str, str], samples: int) -> bool:
    """Measure the authentication of clients, at a service that issues them tokens."""
    with (
        running_service(postgres.url(), settings={**settings, **CLIENT_SETTINGS}) as service,
        contextlib.closing(ClientSite(service.url, postgres.url())) as site,
    ):
        print("Refused authentications of clients:")
        return compare(site.kinds(), samples)


def _compare_provider(postgres: EmbeddedPostgres, settings: Mapping[str, str], samples: int) -> bool:
    """Measure what the OpenID provider reveals about clients and devices."""
    tells = False
    with (
        running_service(postgres.url(), settings={**settings, **CLIENT_SETTINGS}) as service,
        contextlib.closing(ProviderSite(service.url, postgres.url(), service.secret_key)) as site,
    ):
        for name, kinds in site.kinds().items():
            print(f"{name}:")
            tells |= compare(kinds, samples)
    return tells


def _compare_factors(postgres: EmbeddedPostgres, settings: Mapping[str, str], samples: int) -> bool:
    """Measure the second step of logins."""
    tells = False
    with (
        running_service(postgres.url(), settings=settings) as service,
        contextlib.closing(FactorSite(service.url, postgres.url(), service.secret_key)) as site,
    ):
        for name, kinds in site.kinds().items():
            print(f"{name}:")
            tells |= compare(kinds, samples)
    return tells


def _compare_mailed(postgres: EmbeddedPostgres, settings: Mapping[str, str], samples: int) -> bool:
    """Measure calls that reveal more only by mail, at a service in confirmed mode."""
    tells = False
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(postgres.url(), settings={**settings, **mailed_settings(folder)}) as service,
        contextlib.closing(MailedSite(service.url, postgres.url())) as site,
    ):
        for name, kinds in site.kinds().items():
            print(f"{name}:")
            tells |= compare(kinds, samples)
    return tells


COMPARISONS: Final[Mapping[str, Callable[[EmbeddedPostgres, Mapping[str, str], int], bool]]] = {
    "logins": _compare_logins,
    "mailed": _compare_mailed,
    "clients": _compare_clients,
    "provider": _compare_provider,
    "factors": _compare_factors,
}


if __name__ == "__main__":
    sys.exit(main())
