"""The quota of items per user, for calls, imports and both concurrently."""

import asyncio
import io
from collections.abc import Callable

import pytest

from doorward.domain.items.exceptions import ItemQuotaReachedError
from doorward.domain.items.importing import ImportRequest
from tests.integration.items.catalogue import Owner, sign_in
from tests.integration.service import MakeService, is_problem, statuses

QUOTA = 3


@pytest.fixture
async def bounded(make_service: MakeService) -> Owner:
    return await sign_in(await make_service(quota_per_owner=QUOTA))


async def test_at_the_quota_no_item_is_stored_until_one_is_deleted(bounded: Owner) -> None:
    *_, last = await bounded.create_all("A", "B", "C")
    assert is_problem(await bounded.post({"title": "D"}), 403, "item_quota_reached")
    assert (await bounded.change("DELETE", last)).status_code == 204
    assert (await bounded.post({"title": "D"})).status_code == 201
    assert (await (await sign_in(bounded.service)).post({"title": "A"})).status_code == 201


async def test_items_can_be_changed_at_the_quota(bounded: Owner) -> None:
    first, *_ = await bounded.create_all("A", "B", "C")
    assert (await bounded.change("PATCH", first, {"title": "E"})).status_code == 200


async def test_concurrent_calls_do_not_exceed_the_quota(bounded: Owner) -> None:
    answers = await asyncio.gather(*(bounded.post({"title": "A"}) for _ in range(4 * QUOTA)))
    assert statuses(answers) == [201] * QUOTA + [403] * 3 * QUOTA
    assert bounded.stored() == QUOTA


async def test_an_import_above_the_quota_stores_nothing(bounded: Owner) -> None:
    await bounded.create("A")
    assert is_problem(await bounded.import_csv("title\nB\nC\nD\n"), 403, "item_quota_reached")
    assert bounded.stored() == 1
    assert (await bounded.import_csv("title\nB\nC\n")).json()["imported"] == 2


class InterruptedFile(io.BytesIO):
    """A file that calls a function when it was read completely."""

    def __init__(self, content: bytes, interruption: Callable[[], object]) -> None:
        super().__init__(content)
        self._interruption = interruption

    def read1(self, size: int | None = -1, /) -> bytes:
        if self.tell() == len(self.getvalue()):
            self._interruption()
        return super().read1(size)


async def test_items_stored_during_an_import_count_toward_the_quota(bounded: Owner) -> None:
    item = await bounded.create("A")
    copy = "INSERT INTO items (id, owner_id, title, description, tags, visibility, version, created_at, updated_at) "
    copy += "SELECT gen_random_uuid(), owner_id, title, '', '{}', visibility, 1, now(), now() FROM items WHERE id = %s"
    file = InterruptedFile(b"title\nB\nC\n", lambda: bounded.service.sql(copy, item["id"]))
    with bounded.service.app.state.services.edge.bulk_slot(), pytest.raises(ItemQuotaReachedError):
        await bounded.service.app.state.services.item_import.run(file, ImportRequest(bounded.id))
    assert bounded.stored() == 2
