"""Logins by passkey alone, signed in advance, compared with logins by password at the same service."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Final

import cbor2

from benchmarks.accounts import Accounts, Session, accounts, logins, password_hash
from benchmarks.load import JSON, RepeatedRequests, post, run_load
from benchmarks.logins import measure_logins
from benchmarks.plan import Plan, report_progress
from benchmarks.samples import Sample, Series
from benchmarks.service import LIMITS_OUT_OF_REACH, PASSWORD, UNREACHED_LIMIT, Service, running_service
from development.authenticator import ES256, Authenticator, Credential, encode, new_key
from development.postgres import EmbeddedPostgres
from doorward.domain.auth.tokens.sealed_tokens import SealedKind
from doorward.domain.passkeys.challenges import Challenges
from doorward.settings.config import settings_from
from doorward.wiring.auth import create_sealed_tokens

LOGIN: Final = "/api/v1/auth/passkeys/token"
ORIGIN: Final = "https://auth.example.com"
RELYING_PARTY: Final = "auth.example.com"
COST: Final = 12
IN_FLIGHT: Final = 16
USERS: Final = 1_000
PASSWORD_USERS: Final = 16
PASSKEY_USERS: Final = 512
SPARE: Final = 3.0
"""Signatures for a round, as a multiple of the logins of the previous round: each signature works once."""

MINIMUM_CALLS: Final = 2_000
"""Minimum signatures of a round, including the first one, which is not counted."""

BY_PASSKEY: Final = "login by a passkey"
BY_PASSWORD: Final = "login by a password"  # noqa: S105 - a name
STORE: Final = """
    INSERT INTO passkeys (
        id, user_id, credential_id, public_key, sign_count, relying_party_id, name, transports, is_backup_eligible,
        is_backed_up, created_at
    )
    VALUES (gen_random_uuid(), %s, %s, %s, 0, %s, 'Passkey', '{internal}', true, true, now())
"""


class PresentClock:
    """The domain's clock from this host, which is also the database's host."""

    def now(self) -> datetime:
        """Return the present moment."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Signatures:
    """Signs the service's challenges, which are sealed under its key and not stored."""

    challenges: Challenges
    authenticator: Authenticator

    @classmethod
    def of(cls, service: Service, stored: Accounts, users: Sequence[Session]) -> "Signatures":
        """Give each user a passkey, which becomes the user's second factor."""
        # Without a counter, as synchronised passkeys are: so the order in which signatures arrive does not matter.
        authenticator = Authenticator(ORIGIN, counts=False, is_synchronised=True)
        for number, user in enumerate(users):
            credential = Credential(number.to_bytes(32), RELYING_PARTY, user.user_id.bytes, new_key(ES256))
            authenticator.credentials.append(credential)
            key = cbor2.dumps(credential.public_key())
            stored.connection.execute(STORE, (user.user_id, credential.id, key, RELYING_PARTY))
            stored.connection.execute("UPDATE users SET second_factor = '{passkey}' WHERE id = %s", (user.user_id,))
        stored.connection.execute("VACUUM ANALYZE passkeys, users")
        settings = {"environment": "production", "secret_key": service.secret_key, "database_url": stored.url}
        return cls(
            Challenges(sealed_tokens=create_sealed_tokens(settings_from(settings).keys), clock=PresentClock()),
            authenticator,
        )

    def calls(self, count: int) -> RepeatedRequests:
        """Return that many logins, cycling through the users."""
        return RepeatedRequests(
            [self._call(each) for each in islice(cycle(self.authenticator.credentials), count)], "refresh_token"
        )

    def _call(self, credential: Credential) -> bytes:
        options = {"challenge": encode(self.challenges.issue(SealedKind.PASSKEY_LOGIN))}
        signed = self.authenticator.get(options, credential=credential)
        return post(LOGIN, JSON, json.dumps({"credential": signed}, separators=(",", ":")))


def measure_passkeys(postgres: EmbeddedPostgres, plan: Plan, series: Series) -> None:
    """Measure logins of both kinds in turns, over as many connections.

    Raises ``RuntimeError`` if a login was refused.
    """
    settings = {
        "PUBLIC_URL": ORIGIN,
        "BCRYPT_ROUNDS": str(COST),
        "RATE_LIMIT_PASSKEY_LOGIN": UNREACHED_LIMIT,
        **LIMITS_OUT_OF_REACH,
    }
    with (
        accounts(postgres, USERS, password_hash(PASSWORD, COST)) as stored,
        running_service(stored.url, settings=settings) as service,
    ):
        sessions = stored.sessions(PASSWORD_USERS + PASSKEY_USERS)
        signatures = Signatures.of(service, stored, sessions[PASSWORD_USERS:])
        by_password = logins(sessions[:PASSWORD_USERS], PASSWORD)
        sample, seconds = run_load(signatures.calls(MINIMUM_CALLS), service, 1, IN_FLIGHT), 1.0
        measure_logins(service, by_password, IN_FLIGHT, IN_FLIGHT)
        for number in range(plan.rounds):
            report_progress(f"round {number + 1} of {plan.rounds}")
            count = int(max(MINIMUM_CALLS, SPARE * plan.seconds * sample.answers / seconds))
            sample, seconds = run_load(signatures.calls(count), service, plan.seconds, IN_FLIGHT), plan.seconds
            series.add(BY_PASSKEY, _all_succeeded(sample))
            series.add(BY_PASSWORD, _all_succeeded(measure_logins(service, by_password, IN_FLIGHT, plan.logins)))


def _all_succeeded(sample: Sample) -> Sample:
    if sample.failed:
        raise RuntimeError(f"{sample.failed} of {sample.answers} logins were refused")
    return sample
