"""The database that `inv backup`, `inv restore` and `inv psql` use."""

import itertools

import pytest

from development.databases import ComposeState, TaskError, Which, choose, which

RUNNING, STOPPED, ABSENT = ComposeState


@pytest.mark.parametrize(
    ("has_url", "compose", "has_development", "expected"),
    [
        (True, ABSENT, True, Which.URL),
        (True, STOPPED, True, Which.URL),
        (False, RUNNING, True, Which.UP),
        (False, RUNNING, False, Which.UP),
        (False, ABSENT, True, Which.DEV),
    ],
)
def test_the_first_existing_database_is_used(
    *, has_url: bool, compose: ComposeState, has_development: bool, expected: Which
) -> None:
    assert choose(None, has_url=has_url, compose=compose, has_development=has_development) is expected


@pytest.mark.parametrize("has_development", [True, False])
def test_a_stopped_compose_database_is_reported_and_no_other_is_used(*, has_development: bool) -> None:
    with pytest.raises(TaskError, match=r"does not run\. Start it: docker compose .* postgres"):
        choose(None, has_url=False, compose=STOPPED, has_development=has_development)


def test_a_missing_database_is_reported() -> None:
    with pytest.raises(TaskError, match="there is no database"):
        choose(None, has_url=False, compose=ABSENT, has_development=False)


@pytest.mark.parametrize("named", Which)
@pytest.mark.parametrize("compose", ComposeState)
def test_only_the_named_database_is_used(named: Which, compose: ComposeState) -> None:
    for has_url, has_development in itertools.product([True, False], repeat=2):
        is_there = {Which.URL: has_url, Which.UP: compose is RUNNING, Which.DEV: has_development}[named]
        if is_there:
            assert choose(named, has_url=has_url, compose=compose, has_development=has_development) is named
        else:
            with pytest.raises(TaskError):
                choose(named, has_url=has_url, compose=compose, has_development=has_development)


def test_an_option_that_names_no_database_ends_the_task() -> None:
    assert (which(""), which("up")) == (None, Which.UP)
    with pytest.raises(SystemExit, match="--database takes one of url, up, dev, not 'test'"):
        which("test")
