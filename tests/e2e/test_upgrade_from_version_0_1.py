"""Tokens that the image of version 0.1 issued work at the current image, on its database after `doorward migrate`."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.e2e.image_stack import IMAGE, ImageStack
from tests.e2e.older_image import VERSION_0_1, older_image
from tests.e2e.people import client_of
from tests.e2e.stack import QUICK_HASHES

DATABASE: Final = "from_version_0_1"
SETTINGS: Final = {**QUICK_HASHES, "POSTGRES_DB": DATABASE}


@pytest.fixture
def version_0_1(image_stack: ImageStack) -> Iterator[str]:
    """Yield the name of the image of version 0.1, and have an empty database for it."""
    with older_image(VERSION_0_1, modules=["circuitbreaker"]) as name:
        image_stack.sql(f"CREATE DATABASE {DATABASE}")
        try:
            yield name
        finally:
            image_stack.sql(f"DROP DATABASE {DATABASE} WITH (FORCE)")


async def test_tokens_of_the_old_image_work_at_the_new_one(image_stack: ImageStack, version_0_1: str) -> None:
    migration = image_stack.run_command_of(version_0_1, "migrate", **SETTINGS)
    assert migration.status == 0, migration.output
    with image_stack.copy(version_0_1, **SETTINGS) as old:
        person, live = await client_of(old).register_and_log_in()
        ended = await client_of(old).log_in(person)
        assert (await client_of(old).post_revoke(ended.refresh)).status_code == 204
    migration = image_stack.run_command("migrate", **SETTINGS)
    assert migration.status == 0, migration.output
    with image_stack.copy(IMAGE, **SETTINGS) as new:
        client = client_of(new)
        account = await client.get_me(live.access)
        assert (account.status_code, account.json()["username"]) == (200, person.username)
        assert (await client.get_me(ended.access)).status_code == 401
        assert (await client.post_refresh(ended.refresh)).status_code == 401
        renewed = await client.refresh(live.refresh)
        assert (await client.get_me(renewed.access)).status_code == 200
        assert (await client.post_refresh(live.refresh)).status_code == 401
        assert (await client.post_refresh(renewed.refresh)).status_code == 401
