"""Fixtures for the tests of items: one application for all tests, and separate people for each test."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.integration.items.catalogue import Owner, run_items_service, sign_in
from tests.integration.service import FakeClock, Service


@pytest.fixture(scope="session")
async def items_service(shared_database: str, secret_key: str) -> AsyncIterator[Service]:
    """Yield the application, created once: these tests do not change it."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(run_items_service(shared_database, secret_key))


@pytest.fixture
def service(items_service: Service) -> Service:
    return items_service


@pytest.fixture
def clock(items_service: Service) -> FakeClock:
    return items_service.clock


@pytest.fixture
async def owner(service: Service) -> Owner:
    """Return a signed-in person without items."""
    return await sign_in(service)


@pytest.fixture
async def stranger(service: Service) -> Owner:
    """Return another signed-in person."""
    return await sign_in(service)
