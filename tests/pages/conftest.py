"""The newcomer needs nobody and waits for nobody, so begins with the run's first test beside those that wait."""

import tempfile
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.pages.newcomer import Newcomer

_new_domain = pytest.StashKey[Future[None]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Begin when one of the tests will ask for it; end with the run."""
    is_asked_for = any("new_domain" in getattr(item, "fixturenames", ()) for item in session.items)
    if session.config.option.collectonly or not is_asked_for:
        return (yield)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:
        session.config.stash[_new_domain] = thread.submit(Newcomer(Path(folder)).follow_the_page)
        return (yield)


@pytest.fixture
def new_domain(request: pytest.FixtureRequest) -> Future[None]:
    """Done when the page was followed to its end."""
    return request.config.stash[_new_domain]
