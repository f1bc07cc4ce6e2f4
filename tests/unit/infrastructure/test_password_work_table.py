"""The table of padding hashes after a failed check: the total work is equal for every stored hash."""

import pytest

from doorward.infrastructure.password_work import NO_HASH, padding_costs

TABLES = {
    4: {NO_HASH: (4,), 4: ()},
    5: {NO_HASH: (4, 5), 4: (5,), 5: (4,)},
    12: {
        NO_HASH: (7, 9, 9, 9, 9, 9, 9, 9, 9),
        4: (4, 5, 6, 9, 9, 10, 10, 10),
        5: (5, 6, 9, 9, 9, 9, 10, 10),
        6: (6, 9, 9, 9, 9, 9, 9, 10),
        7: (9, 9, 9, 9, 9, 9, 9, 9),
        8: (7, 8, 9, 9, 9, 9, 9, 10),
        9: (7, 9, 9, 9, 9, 9, 9, 9),
        10: (7, 8, 8, 9, 9, 9, 9, 9),
        11: (7, 8, 8, 8, 8, 8, 8, 9),
        12: (4, 4, 4, 4, 4, 4, 4, 4),
    },
}


@pytest.mark.parametrize("rounds", TABLES)
def test_the_tables_of_three_costs_are_unchanged(rounds: int) -> None:
    assert padding_costs(rounds) == TABLES[rounds]


@pytest.mark.parametrize("rounds", range(4, 17))
def test_all_rows_of_a_table_have_equally_many_hashes_and_iterations(rounds: int) -> None:
    table = padding_costs(rounds)
    assert set(table) == {NO_HASH, *range(4, rounds + 1)}
    for stored, padding in table.items():
        all_hashes = [*padding, stored] if stored else [*padding]
        assert len(all_hashes) == rounds - 3
        assert sum(2**cost for cost in all_hashes) == 2**rounds + (rounds - 4) * 16
        assert all(4 <= cost <= rounds for cost in padding)
