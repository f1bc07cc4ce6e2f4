"""Refresh tokens under true concurrency: one token used by many, and a refresh beside a logout."""

import random
import threading
import time
from collections import Counter
from functools import partial

import requests

from tests.e2e.people import Client, Tokens, all_at_once, tokens_of
from tests.e2e.stack import QUICK_HASHES, Stack

CALLERS = 60
ROUNDS = 30
TRIES = 5
LEEWAY_SECONDS = "60"
"""The longest there is: all callers come within it, however slow the machine."""


def refresh_sixty_times_at_once(*clients: Client) -> tuple[Tokens, list[requests.Response], Counter[int]]:
    """Return a session's first pair, and the answers to its many uses, by these clients in turns.

    Where the machine stood still for so long that the service could not get at its database in time, it said so, and
    nothing is shown: another session, another try.
    """
    for _ in range(TRIES):
        tokens = clients[0].log_in()
        calls = [partial(clients[number % len(clients)].refresh, tokens.refresh) for number in range(CALLERS)]
        answers = all_at_once(calls)
        statuses = Counter(answer.status_code for answer in answers)
        if 503 not in statuses:
            return tokens, answers, statuses
    raise AssertionError(statuses)


def test_of_sixty_uses_of_one_token_one_succeeds_and_the_session_is_dead(client: Client) -> None:
    tokens, answers, statuses = refresh_sixty_times_at_once(client)
    assert statuses == {200: 1, 401: CALLERS - 1}
    winner = tokens_of(next(answer for answer in answers if answer.ok))
    assert client.refresh(winner.refresh).status_code == 401
    assert client.me(winner.access).status_code == 401
    assert client.me(tokens.access).status_code == 401


def test_within_the_leeway_all_sixty_get_one_and_the_same_live_successor(stack: Stack) -> None:
    with stack.service(**QUICK_HASHES, REFRESH_TOKEN_REUSE_LEEWAY_SECONDS=LEEWAY_SECONDS) as lenient:
        client = Client(lenient)
        _, answers, statuses = refresh_sixty_times_at_once(client)
        assert statuses == {200: CALLERS}
        successors = {tokens_of(answer).refresh for answer in answers}
        assert len(successors) == 1
        assert all(client.me(tokens_of(answer).access).status_code == 200 for answer in answers[:5])
        assert client.refresh(successors.pop()).status_code == 200


def test_within_the_leeway_an_older_ancestor_is_theft_all_the_same(stack: Stack) -> None:
    with stack.service(**QUICK_HASHES, REFRESH_TOKEN_REUSE_LEEWAY_SECONDS=LEEWAY_SECONDS) as lenient:
        client = Client(lenient)
        first = client.log_in()
        second = tokens_of(client.refresh(first.refresh))
        third = tokens_of(client.refresh(second.refresh))
        assert client.refresh(first.refresh).status_code == 401
        assert client.refresh(third.refresh).status_code == 401


class Race:
    """One session, refreshed on and on by one thread and ended by another."""

    def __init__(self, client: Client, first: Tokens) -> None:
        self._client = client
        self._first = first
        self._last = first
        self._under_way = threading.Event()
        self._logged_out = threading.Event()
        self._given = 0

    def run(self) -> int:
        """Return how many refreshes got through."""
        all_at_once([self._log_out, self._refresh_until_refused])
        assert self._client.refresh(self._last.refresh).status_code == 401
        assert self._client.me(self._last.access).status_code == 401
        return self._given

    def _log_out(self) -> None:
        self._under_way.wait()
        time.sleep(random.uniform(0, 0.02))
        while (answer := self._client.revoke(self._first.refresh)).status_code == 503:
            pass
        self._logged_out.set()
        assert answer.status_code == 204

    def _refresh_until_refused(self) -> None:
        try:
            while self._is_refreshed_once_more():
                self._under_way.set()
        finally:
            self._under_way.set()

    def _is_refreshed_once_more(self) -> bool:
        is_late = self._logged_out.is_set()
        answer = self._client.refresh(self._last.refresh)
        if answer.status_code == 401:
            return False
        # The database was out of reach for a moment: neither given nor refused.
        if answer.status_code != 503:
            self._last = tokens_of(answer)
            self._given += 1
            assert not is_late, "a refresh that began after the logout was answered got through"
        return True


def test_no_successor_lives_on_after_a_logout_that_raced_with_refreshes(client: Client) -> None:
    person = client.new_person()
    got_through = [Race(client, client.log_in(person)).run() for _ in range(ROUNDS)]
    assert all(got_through)


def test_no_successor_lives_on_when_one_token_is_refreshed_and_ended_at_once(client: Client) -> None:
    person = client.new_person()
    for _ in range(ROUNDS):
        token = client.log_in(person).refresh
        refreshed, revoked = all_at_once([partial(client.refresh, token), partial(client.revoke, token)])
        assert revoked.status_code == 204
        assert refreshed.status_code in {200, 401}
        if refreshed.ok:
            successor = tokens_of(refreshed)
            assert client.refresh(successor.refresh).status_code == 401
            assert client.me(successor.access).status_code == 401
