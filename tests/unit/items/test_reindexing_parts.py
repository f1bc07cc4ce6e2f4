"""The number of items that one statement indexes is limited by the length of their search vectors."""

from uuid import UUID

import pytest

from doorward.domain.items.models import ItemIndex, UnindexedItem
from doorward.domain.items.reindexing import CHARACTERS_PER_STATEMENT, parts_of

LONG = CHARACTERS_PER_STATEMENT


@pytest.mark.parametrize(
    ("lengths", "parts"),
    [
        ([], []),
        ([1, 2, 3], [[1, 2, 3]]),
        ([1, LONG - 1, 1], [[1, LONG - 1], [1]]),
        ([LONG + 1, 1, LONG + 2], [[LONG + 1], [1], [LONG + 2]]),
    ],
)
def test_a_statement_has_items_up_to_a_total_length_or_one_longer_item(
    lengths: list[int], parts: list[list[int]]
) -> None:
    found_by = [
        (
            UnindexedItem(id=UUID(int=number), version=1, title="", description=""),
            ItemIndex(folded_title="", search_vector="a" * length),
        )
        for number, length in enumerate(lengths)
    ]
    assert [[len(index.search_vector) for _, index in part] for part in parts_of(found_by)] == parts
