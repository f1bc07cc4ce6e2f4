"""Refresh tokens under true concurrency: one token used by many, and a refresh beside a logout."""

import random
import threading
import time
from collections import Counter
from functools import partial

import requests

from tests.e2e.people import Client, Tokens, all_at_once, tokens_of
from tests.e2e.stack import Service, Stack

CALLERS = 60
ROUNDS = 30
ENDLESS = 300
"""Refreshes after which nobody can believe that the logout ever came."""


def refresh_sixty_times_at_once(client: Client, token: str) -> tuple[list[requests.Response], Counter[int]]:
    answers = all_at_once([lambda: client.refresh(token)] * CALLERS)
    return answers, Counter(answer.status_code for answer in answers)


def test_of_sixty_uses_of_one_token_one_succeeds_and_the_session_is_dead(client: Client) -> None:
    tokens = client.log_in()
    answers, statuses = refresh_sixty_times_at_once(client, tokens.refresh)
    assert statuses == {200: 1, 401: CALLERS - 1}
    winner = tokens_of(next(answer for answer in answers if answer.ok))
    assert client.refresh(winner.refresh).status_code == 401
    assert client.me(winner.access).status_code == 401
    assert client.me(tokens.access).status_code == 401


def test_within_the_leeway_all_sixty_get_one_and_the_same_live_successor(stack: Stack) -> None:
    with stack.service(REFRESH_TOKEN_REUSE_LEEWAY_SECONDS="10") as lenient:
        client = Client(lenient)
        tokens = client.log_in()
        answers, statuses = refresh_sixty_times_at_once(client, tokens.refresh)
        assert statuses == {200: CALLERS}
        successors = {tokens_of(answer).refresh for answer in answers}
        assert len(successors) == 1
        assert all(client.me(tokens_of(answer).access).status_code == 200 for answer in answers[:5])
        assert client.refresh(successors.pop()).status_code == 200


def test_within_the_leeway_an_older_ancestor_is_theft_all_the_same(stack: Stack) -> None:
    with stack.service(REFRESH_TOKEN_REUSE_LEEWAY_SECONDS="10") as lenient:
        client = Client(lenient)
        first = client.log_in()
        second = tokens_of(client.refresh(first.refresh))
        third = tokens_of(client.refresh(second.refresh))
        assert client.refresh(first.refresh).status_code == 401
        assert client.refresh(third.refresh).status_code == 401


def refresh_until_refused(client: Client, tokens: Tokens, started: threading.Event) -> tuple[Tokens, int, int]:
    """Return the last pair, how many were given, and the status of the refusal."""
    given = 0
    while (answer := client.refresh(tokens.refresh)).ok and given < ENDLESS:
        given += 1
        tokens = tokens_of(answer)
        started.set()
    started.set()
    return tokens, given, answer.status_code


def race_a_logout(client: Client, service: Service, person_tokens: Tokens) -> int:
    """Log out with the session's first token while others refresh it on; return how many refreshes got through."""
    started = threading.Event()

    def log_out() -> None:
        started.wait(30)
        time.sleep(random.uniform(0, 0.02))
        assert client.revoke(person_tokens.refresh).status_code == 204

    def refresh_on() -> tuple[Tokens, int, int]:
        return refresh_until_refused(Client(service), person_tokens, started)

    calls = [log_out, refresh_on]
    last, given, refusal = next(result for result in all_at_once(calls) if result is not None)
    assert refusal == 401
    assert client.refresh(last.refresh).status_code == 401
    assert client.me(last.access).status_code == 401
    return given


def test_no_successor_lives_on_after_a_logout_that_raced_with_refreshes(client: Client, service: Service) -> None:
    person = client.new_person()
    got_through = [race_a_logout(client, service, client.log_in(person)) for _ in range(ROUNDS)]
    assert sum(got_through) >= ROUNDS


def test_no_successor_lives_on_when_one_token_is_refreshed_and_revoked_at_once(client: Client) -> None:
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
