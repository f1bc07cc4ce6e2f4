"""The statistic of the timing proof."""

import pytest

from development.proof.timing_kinds import Kind, area_under_curve, is_distinguishable


@pytest.mark.parametrize(
    ("ones", "others", "area"),
    [
        ([2.0, 3.0], [0.0, 1.0], 1.0),
        ([0.0, 1.0], [2.0, 3.0], 0.0),
        ([1.0, 1.0], [1.0, 1.0], 0.5),
        ([1.0, 3.0], [2.0, 2.0], 0.5),
        ([1.0, 2.0], [1.0, 0.0], 0.875),
    ],
)
def test_the_area_is_the_share_of_greater_pairs_plus_half_the_share_of_equal_pairs(
    ones: list[float], others: list[float], area: float
) -> None:
    assert area_under_curve(ones, others) == area


def test_two_kinds_are_distinguishable_if_one_is_always_slightly_slower() -> None:
    def kind(seconds: list[float]) -> Kind:
        return Kind("", lambda: pytest.fail("not called"), 200, seconds=seconds)

    fair = [0.001 * step for step in range(300)]
    assert not is_distinguishable(kind(fair), kind(list(reversed(fair))))
    assert is_distinguishable(kind(fair), kind([each + 0.02 for each in fair]))
