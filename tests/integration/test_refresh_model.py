"""Refresh families against a model: random walks of people, tokens and time through the real use cases."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.integration.service import MakeService, Pair, Person, Service, pair

T = TypeVar("T")

IDLE = timedelta(days=7)
ABSOLUTE = timedelta(days=90)
ACCESS = timedelta(minutes=30)
LEEWAY = timedelta(seconds=10)
STEPS = [timedelta(seconds=1), LEEWAY, LEEWAY + timedelta(seconds=1), ACCESS, IDLE - timedelta(seconds=1), IDLE]


@dataclass
class Family:
    """What the model knows of one session."""

    person: Person
    tokens: list[str]
    access_token: str
    access_until: timedelta
    rotated_at: timedelta
    expires_at: timedelta
    ends_at: timedelta
    is_dead: bool = False


class Runner(Protocol):
    """Runs a coroutine in the application's loop and waits for its result."""

    def __call__(self, work: Coroutine[Any, Any, T]) -> T: ...


@dataclass
class Model:
    families: list[Family] = field(default_factory=list)
    inactive: set[str] = field(default_factory=set)
    elapsed: timedelta = timedelta(0)


class Walk(RuleBasedStateMachine):
    """One walk. Bound to an application by a subclass, since Hypothesis makes its instances without arguments."""

    families: Bundle[Family] = Bundle("families")
    service: Service
    run: Runner
    leeway: timedelta

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.person = self.run(self.service.register())

    @rule(target=families)
    def logs_in(self) -> Family:
        now = self.model.elapsed
        if self.person.username in self.model.inactive:
            self._set_active(is_active=True)
        pair = self.run(self.service.log_in(self.person))
        family = Family(
            person=self.person,
            tokens=[pair.refresh],
            access_token=pair.access,
            access_until=now + ACCESS,
            rotated_at=now,
            expires_at=now + IDLE,
            ends_at=now + ABSOLUTE,
        )
        self.model.families.append(family)
        return family

    @rule(family=families, callers=st.integers(1, 8))
    def refreshes_the_current_token(self, family: Family, callers: int) -> None:
        was_live, now = self._is_live(family), self.model.elapsed
        answers = self.run(self._refresh_at_once(family.tokens[-1], callers))
        successes: list[Pair] = [pair(answer) for answer in answers if answer.status_code == 200]
        if not was_live:
            assert successes == []
            return
        assert len({each.refresh for each in successes}) == 1
        family.tokens.append(successes[0].refresh)
        family.rotated_at = now
        family.expires_at = min(now + IDLE, family.ends_at)
        family.access_token, family.access_until = successes[0].access, now + ACCESS
        if self.leeway:
            assert len(successes) == callers
        else:
            assert len(successes) == 1
            family.is_dead = callers > 1

    @rule(family=families, age=st.integers(1, 3))
    def refreshes_a_replaced_token(self, family: Family, age: int) -> None:
        if len(family.tokens) <= age:
            return
        was_live, now = self._is_live(family), self.model.elapsed
        answer = self.run(self.service.post_refresh(family.tokens[-1 - age]))
        in_leeway = age == 1 and bool(self.leeway) and now - family.rotated_at <= self.leeway
        if was_live and in_leeway:
            assert pair(answer).refresh == family.tokens[-1]
            return
        assert answer.status_code == 401
        # Reuse is theft also while the account is switched off: switched on again, the session stays dead.
        family.is_dead = family.is_dead or (now < family.expires_at and not in_leeway)

    @rule(family=families, cut=st.integers(1, 40))
    def sends_a_truncated_token(self, family: Family, cut: int) -> None:
        assert self.run(self.service.post_refresh(family.tokens[-1][:-cut])).status_code == 401

    @rule(family=families, is_old=st.booleans())
    def revokes(self, family: Family, is_old: bool) -> None:  # noqa: FBT001 - Hypothesis passes it by name
        assert self.run(self.service.post_revoke(family.tokens[0 if is_old else -1])).status_code == 204
        family.is_dead = True

    @rule(is_active=st.booleans())
    def is_switched(self, is_active: bool) -> None:  # noqa: FBT001 - Hypothesis passes it by name
        self._set_active(is_active=is_active)

    @precondition(lambda self: self.model.families)
    @rule(step=st.sampled_from(STEPS))
    def time_passes(self, step: timedelta) -> None:
        self.service.clock.advance(step)
        self.model.elapsed += step

    @rule(family=families, lateness=st.sampled_from([LEEWAY, LEEWAY + timedelta(seconds=1)]))
    def retries_late(self, family: Family, lateness: timedelta) -> None:
        self.refreshes_the_current_token(family, callers=1)
        self.time_passes(lateness)
        self.refreshes_a_replaced_token(family, age=1)

    @rule(family=families, weeks=st.integers(1, 14))
    def stays_for_weeks(self, family: Family, weeks: int) -> None:
        for _ in range(weeks):
            self.time_passes(IDLE - timedelta(seconds=1))
            self.refreshes_the_current_token(family, callers=1)

    @invariant()
    def access_tokens_work_exactly_while_the_session_lives(self) -> None:
        for family in self.model.families:
            expected = self._is_live(family) and self.model.elapsed < family.access_until
            answer = self.run(self.service.get_me(family.access_token))
            assert answer.status_code == (200 if expected else 401)

    def _is_live(self, family: Family) -> bool:
        is_inactive = family.person.username in self.model.inactive
        return not family.is_dead and not is_inactive and self.model.elapsed < family.expires_at

    async def _refresh_at_once(self, token: str, callers: int) -> list[httpx.Response]:
        return list(await asyncio.gather(*(self.service.post_refresh(token) for _ in range(callers))))

    def _set_active(self, *, is_active: bool) -> None:
        self.service.set_active(self.person, active=is_active)
        (self.model.inactive.discard if is_active else self.model.inactive.add)(self.person.username)


@pytest.mark.parametrize("leeway", [timedelta(0), LEEWAY], ids=["strict", "leeway"])
async def test_the_service_agrees_with_the_model(make_service: MakeService, leeway: timedelta) -> None:
    loop = asyncio.get_running_loop()
    service = await make_service(refresh_token_reuse_leeway_seconds=int(leeway.total_seconds()))

    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=120)

    bound = type("BoundWalk", (Walk,), {"service": service, "run": staticmethod(run), "leeway": leeway})
    configuration = settings(
        max_examples=40,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, bound, settings=configuration)
