"""Runs many walks, in strict mode and with a leeway, and collects their results."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.stateful import run_state_machine_as_test

from development.proof.model.people import LEEWAY, ViolationError
from development.proof.model.tally import Tally
from development.proof.model.walk import Walk, bound
from development.proof.model.world import World
from doorward.core.events import Event
from doorward.domain.auth.events import SessionReuseDetected
from doorward.infrastructure import passwords
from doorward.observability.logging import observed_events

MODES: Final = {"strict": timedelta(0), "leeway": LEEWAY}
INDEPENDENT_WALKS: Final = "independent walks"


class IndependentWalks(HypothesisProvider):
    """A provider of the same random choices as Hypothesis's, without the special handling of the default provider.

    For its default provider, the engine begins with short walks, and follows each by five that repeat parts of it: of
    100 walks, about 16 are new.
    """


AVAILABLE_PROVIDERS[INDEPENDENT_WALKS] = IndependentWalks


@dataclass(frozen=True)
class Exploration:
    """The extent of one mode's walks, and the violations found."""

    mode: str
    tally: Tally
    seconds: float
    violation: ViolationError | None


def explore(database_url: str, mode: str, *, walks: int, steps: int, start: int, is_shrunk: bool = True) -> Exploration:
    """Take this many walks of this many steps; ``start`` seeds the choices. Stop at the first violation.

    ``is_shrunk``: then search for the shortest walk with the violation, and add it to the violation's notes.
    """
    began = time.monotonic()
    phases = [Phase.generate, Phase.shrink] if is_shrunk else [Phase.generate]
    configuration = settings(
        max_examples=walks,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        backend=INDEPENDENT_WALKS,
        suppress_health_check=list(HealthCheck),
    )
    with _walks(database_url, MODES[mode]) as walk:
        violation: ViolationError | None = None
        try:
            run_state_machine_as_test(seed(start)(walk), settings=configuration)
        except ViolationError as error:
            violation = error
        except Flaky:
            # The violation depends on the winner of a race: Hypothesis could not reproduce it, but it did occur.
            if not walk.violations:
                raise
            violation = walk.violations[0]
        return Exploration(mode, walk.tally, time.monotonic() - began, violation)


@contextlib.contextmanager
def _walks(database_url: str, leeway: timedelta) -> Iterator[type[Walk]]:
    reuse_events: list[str] = []

    def count(event: Event) -> None:
        if isinstance(event, SessionReuseDetected) and not world.is_probing:
            reuse_events.append(event.log_event)

    with _without_lower_priority(), observed_events(count):
        world = World(database_url, leeway)
        try:
            yield bound(world, leeway, reuse_events)
        finally:
            world.close()


@contextlib.contextmanager
def _without_lower_priority() -> Iterator[None]:
    """Hash passwords at normal priority: on a busy machine the walks would otherwise wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_lower_priority", lambda: None)
        yield


def described(violation: BaseException) -> list[str]:
    """Return the lines of the walk that led to the violation, if Hypothesis noted them."""
    notes: list[Any] = getattr(violation, "__notes__", [])
    return [line for note in notes for line in str(note).splitlines()]
