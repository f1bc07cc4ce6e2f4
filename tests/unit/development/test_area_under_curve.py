"""The measure by which the proof of timing judges."""

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
def test_the_area_is_how_often_one_is_greater_and_half_of_how_often_they_are_equal(
    ones: list[float], others: list[float], area: float
) -> None:
    assert area_under_curve(ones, others) == area


def test_two_kinds_are_telling_when_one_is_slower_by_a_little_each_time() -> None:
    def kind(seconds: list[float]) -> Kind:
        return Kind("", lambda: pytest.fail("not called"), 200, seconds=seconds)

    fair = [0.001 * step for step in range(300)]
    assert not is_distinguishable(kind(fair), kind(list(reversed(fair))))
    assert is_distinguishable(kind(fair), kind([each + 0.02 for each in fair]))
