"""An upgrade and a downgrade under load: both versions run side by side behind the load balancer."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

import pytest

from tests.e2e.image_stack import IMAGE, ImageStack
from tests.e2e.load import Front, Load, has_served_more, lines_served, wait_until, wait_until_ready
from tests.e2e.older_image import SCHEMA_0010, older_image
from tests.e2e.people import client_of
from tests.e2e.stack import QUICK_HASHES, Service

CLIENTS: Final = 6
DATABASE: Final = "upgrading"
SETTINGS: Final = {**QUICK_HASHES, "POSTGRES_DB": DATABASE, "SHUTDOWN_DRAIN_SECONDS": "5"}
VERSION: Final = "SELECT version_num FROM doorward_schema_version"


class Timeline:
    """The steps with their times, for the report at the end of the run."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._steps: list[str] = []

    def note(self, step: str) -> None:
        self._steps.append(f"{time.monotonic() - self._began:.1f} s {step}")

    def __str__(self) -> str:
        return "; ".join(self._steps)


@pytest.fixture(scope="module")
def older() -> Iterator[str]:
    with older_image(SCHEMA_0010) as name:
        yield name


@pytest.fixture
def old_database(image_stack: ImageStack, older: str) -> Iterator[str]:
    """Create a database with the older schema; yield the schema's version."""
    image_stack.sql(f"CREATE DATABASE {DATABASE}")
    try:
        migration = image_stack.run_command_of(older, "migrate", **SETTINGS)
        assert migration.status == 0, migration.output
        yield image_stack.sql(VERSION, DATABASE)
    finally:
        image_stack.sql(f"DROP DATABASE {DATABASE} WITH (FORCE)")


async def serving(resources: contextlib.ExitStack, stack: ImageStack, image: str) -> Service:
    """Start a copy; return it after the load balancer has sent it requests."""
    copy = await asyncio.to_thread(resources.enter_context, stack.copy(image, **SETTINGS))
    await wait_until(partial(has_served_more, copy, 0), "the copy gets no calls")
    return copy


async def test_an_upgrade_under_load_loses_no_request_and_no_session(
    image_stack: ImageStack, older: str, old_database: str, findings: list[str]
) -> None:
    with contextlib.ExitStack() as resources:
        old = [resources.enter_context(image_stack.copy(older, **SETTINGS)) for _ in range(2)]
        front = Front(resources.enter_context(image_stack.load_balancer()))
        await wait_until_ready(front)
        resting = [await client_of(front).log_in() for _ in range(2)]
        load, timeline = Load(front), Timeline()
        async with asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(load.run())
            await wait_until(lambda: all(map(lines_served, old)), "a copy gets no calls")
            migration = await asyncio.to_thread(image_stack.run_command, "migrate", **SETTINGS)
            timeline.note("migrated")
            for leaving in old:
                await serving(resources, image_stack, IMAGE)
                timeline.note("a new copy serves")
                await asyncio.to_thread(leaving.stop)
                timeline.note("an old one has gone")
            await serving(resources, image_stack, older)
            timeline.note("back: the old version serves beside the new one")
            load.stop()
        findings.append(
            f"upgrade under load: {load.answered} calls answered, {len(load.failures)} lost, "
            f"the slowest in {load.slowest:.2f} s: {timeline}"
        )
        assert migration.status == 0, migration.output
        assert image_stack.sql(VERSION, DATABASE) > old_database
        assert load.failures == []
        assert load.answered > CLIENTS
        assert len(load.last_tokens) == 2 * CLIENTS
        async with client_of(front, keeps_alive=True) as client:
            for tokens in [*load.last_tokens, *resting]:
                assert (await client.get_me(tokens.access)).status_code == 200
                assert (await client.post_refresh(tokens.refresh)).status_code == 200
