"""Frozen dataclasses behave like those of the standard library."""

import copy
import pickle
from dataclasses import asdict, dataclass, field, replace

import pytest

from doorward.core.frozen import frozen


@frozen
class Point:
    x: int
    y: int = 0
    label: str = field(default="", compare=False)
    secret: str = field(default="", repr=False)


@frozen(slots=False, kw_only=True)
class Named(Point):
    name: str


@frozen(eq=False)
class Job:
    number: int


@dataclass(frozen=True, slots=True)
class Standard:
    x: int
    y: int = 0
    label: str = field(default="", compare=False)
    secret: str = field(default="", repr=False)


def test_objects_of_one_class_are_equal_if_their_compared_fields_are() -> None:
    assert Point(1, 2, "a") == Point(1, 2, "b")
    assert hash(Point(1, 2, "a")) == hash(Point(1, 2, "b"))
    assert Point(1, 2) != Point(2, 1)
    assert Point(1, secret="a") != Point(1, secret="b")
    assert Point(1) != Named(1, name="")
    others: list[object] = [Standard(1), (1, 0, "", ""), None]
    assert Point(1) not in others


def test_without_eq_an_object_is_equal_only_to_itself() -> None:
    job = Job(1)
    assert job == job  # noqa: PLR0124 - the equality is under test
    assert job != Job(1)
    assert {job, Job(1)} != {job}


@pytest.mark.parametrize("values", [(1,), (1, 2, "a", "hidden")])
def test_the_representation_equals_that_of_the_standard_library(values: tuple[int, int, str, str]) -> None:
    assert repr(Point(*values)) == repr(Standard(*values)).replace("Standard", "Point")
    assert "hidden" not in repr(Point(*values))


def test_an_object_has_slots_unless_its_class_disables_them() -> None:
    assert not hasattr(Point(1), "__dict__")
    assert Named(1, name="n").__dict__ == {"name": "n"}


def test_the_functions_of_dataclasses_accept_the_class() -> None:
    named = Named(1, name="n")
    assert replace(named, x=3) == Named(3, name="n")
    assert asdict(named) == {"x": 1, "y": 0, "label": "", "secret": "", "name": "n"}
    match named:
        case Named(x=x, name=name):
            assert (x, name) == (1, "n")


def test_an_object_can_be_copied_and_pickled() -> None:
    for each in (Point(1, 2, "a", "b"), Named(1, name="n")):
        assert copy.deepcopy(each) == each
        assert pickle.loads(pickle.dumps(each)) == each
    assert pickle.loads(pickle.dumps(Point(1, label="a"))).label == "a"


def test_the_representation_of_a_recursive_object_is_finite() -> None:
    @frozen
    class Holder:
        held: list[object]

    holder = Holder([])
    holder.held.append(holder)
    assert repr(holder).endswith("Holder(held=[...])")


def test_a_method_that_the_class_defines_is_kept() -> None:
    @frozen
    class Quiet:
        secret: str

        def __repr__(self) -> str:
            return "quiet"

    assert repr(Quiet("hidden")) == "quiet"
