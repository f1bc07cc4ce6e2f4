"""A decorator for value classes. It is faster than ``dataclass(frozen=True)``, and the classes share their methods.

``dataclass(frozen=True)`` compiles six functions for each class. That was half of the time that this service added to
the import of its libraries, and 4 MB in each worker. ``frozen`` compiles ``__init__`` only; the other methods are the
same functions for all classes. mypy refuses assignments to the fields. The interpreter allows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Final, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import DataclassInstance

Class = TypeVar("Class")


@overload
def frozen(cls: type[Class]) -> type[Class]: ...


@overload
def frozen(*, slots: bool = True, kw_only: bool = False, eq: bool = True) -> Callable[[type[Class]], type[Class]]: ...


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(
    cls: type[Class] | None = None, *, slots: bool = True, kw_only: bool = False, eq: bool = True
) -> type[Class] | Callable[[type[Class]], type[Class]]:
    """Make a class a dataclass whose objects are equal by their fields, hashable by them, and have slots.

    The parameters are those of ``dataclass``. Without ``eq`` an object is equal only to itself.
    """

    def decorate(cls: type[Class]) -> type[Class]:
        result = dataclass(slots=slots, kw_only=kw_only, repr=False, eq=False)(cls)
        for name, method in (SHARED if eq else SHARED_WITHOUT_EQUALITY).items():
            if name not in vars(cls):
                setattr(result, name, method)
        return result

    return decorate if cls is None else decorate(cls)


def _values(self: DataclassInstance) -> tuple[object, ...]:
    return tuple(getattr(self, each.name) for each in fields(self) if each.compare)


def _is_equal(self: DataclassInstance, other: DataclassInstance) -> bool:
    return _values(self) == _values(other) if type(self) is type(other) else NotImplemented


def _hash(self: DataclassInstance) -> int:
    return hash(_values(self))


@recursive_repr()
def _repr(self: DataclassInstance) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({shown})"


SHARED_WITHOUT_EQUALITY: Final = {"__repr__": _repr}
SHARED: Final = {"__eq__": _is_equal, "__hash__": _hash, **SHARED_WITHOUT_EQUALITY}
