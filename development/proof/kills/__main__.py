"""`python -m development.proof.kills`: kill the service at every point, and check the stored state."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from development.proof.kills.administration import AdministratorRounds
from development.proof.kills.commits import (
    ADMINISTRATOR_POINTS,
    CLIENT_POINTS,
    DELIVERY_POINTS,
    FACTOR_POINTS,
    MOMENTS,
    POINTS,
    SIGN_IN_POINTS,
)
from development.proof.kills.deliveries import DELIVERING, DeliveryRounds
from development.proof.kills.external_users import external_user_rounds
from development.proof.kills.factors import FactorRounds
from development.proof.kills.files import BATCHES, ImportRounds
from development.proof.kills.logouts import TELLING, LogoutRounds
from development.proof.kills.oauth_clients import ClientRounds
from development.proof.kills.rounds import Outcome, rounds
from development.proof.kills.service import killable_service
from development.proof.kills.sign_ins import SIGNING_IN, SignInRounds
from development.proof.kills.signing_keys import KeyRounds
from development.proof.service import ADMINISTRATION, own_database, proof_settings

Kill = Callable[[Outcome], None]


def main() -> int:
    """Return 0 if the state was correct after every kill, else 1."""
    parser = argparse.ArgumentParser(prog="python -m development.proof.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=1, help="at each point (default: %(default)s)")
    parser.add_argument("--only", default="", help="the points whose names begin so (default: all)")
    options = parser.parse_args()
    wrong = 0
    with own_database() as database_url, ExitStack() as stack:
        for name, kill in _points(database_url, stack):
            if not name.startswith(options.only):
                continue
            outcome, began = Outcome(), time.monotonic()
            for _ in range(options.kills):
                kill(outcome)
            seconds = time.monotonic() - began
            seen = f"{outcome.people} people, {outcome.sessions} sessions, {outcome.unknown} answers lost"
            print(
                f"kills, {name}: {outcome.kills} in {seconds:.1f} s, {seen}, {len(outcome.wrong)} wrong",
                *outcome.wrong,
                sep="\n  ",
                flush=True,
            )
            wrong += len(outcome.wrong)
    return 1 if wrong else 0


def _points(database_url: str, stack: ExitStack) -> Iterator[tuple[str, Kill]]:
    """Yield the name of each point, and the function that kills the service there once."""
    of_accounts = stack.enter_context(rounds(database_url))
    for commit, moment in POINTS:
        yield f"{commit}, {moment}", partial(of_accounts.kill, commit, moment)
    administered = stack.enter_context(killable_service(proof_settings(database_url, **ADMINISTRATION)))
    of_administrators = AdministratorRounds(administered, database_url)
    for act, moment in ADMINISTRATOR_POINTS:
        yield f"administrator's {act}, {moment}", partial(of_administrators.kill, act, moment)
    of_factors = FactorRounds(administered, database_url)
    for step, moment in FACTOR_POINTS:
        yield f"second factor's {step}, {moment}", partial(of_factors.kill, step, moment)
    of_clients = ClientRounds(administered, database_url)
    for change, moment in CLIENT_POINTS:
        yield f"{change}, {moment}", partial(of_clients.kill, change, moment)
    of_keys = KeyRounds(administered, database_url)
    for moment in MOMENTS:
        yield f"signing-key, {moment}", partial(of_keys.kill, moment)
    of_imports = ImportRounds(administered, database_url)
    for batch in range(1, BATCHES + 1):
        for moment in MOMENTS:
            yield f"batch {batch} of an import, {moment}", partial(of_imports.kill, moment, batch)
    yield from _points_of_sign_ins(stack)
    yield from _points_of_others(database_url, stack)


def _points_of_sign_ins(stack: ExitStack) -> Iterator[tuple[str, Kill]]:
    """Yield the points of sign-ins to applications and of back-channel logouts.

    Both use separate databases: the signing keys of a service cannot be decrypted with another service's secrets.
    """
    settings = proof_settings(stack.enter_context(own_database()), **SIGNING_IN)
    of_sign_ins = SignInRounds(stack.enter_context(killable_service(settings)), settings)
    for commit, moment in SIGN_IN_POINTS:
        yield f"sign-in's {commit}, {moment}", partial(of_sign_ins.kill, commit, moment)
    telling = proof_settings(stack.enter_context(own_database()), **TELLING)
    of_logouts = LogoutRounds(stack.enter_context(killable_service(telling)), telling)
    for step, moment in DELIVERY_POINTS:
        yield f"{step} of a logout, {moment}", partial(of_logouts.kill, step, moment)


def _points_of_others(database_url: str, stack: ExitStack) -> Iterator[tuple[str, Kill]]:
    """Yield the points of external users and of webhook deliveries."""
    of_external_users = stack.enter_context(external_user_rounds(database_url))
    for moment in MOMENTS:
        yield f"external-user, {moment}", partial(of_external_users.kill, moment)
    delivering = stack.enter_context(killable_service(proof_settings(database_url, **DELIVERING)))
    of_deliveries = DeliveryRounds(delivering, database_url)
    for step, moment in DELIVERY_POINTS:
        yield f"{step} of a message, {moment}", partial(of_deliveries.kill, step, moment)


if __name__ == "__main__":
    sys.exit(main())
