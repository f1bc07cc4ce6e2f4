"""Versions of stored objects. A caller may name the version that it expects, so that it overwrites no unread change."""

from collections.abc import Callable

VersionTest = Callable[[int], bool]
"""Returns whether a caller accepts a version."""


def any_version(_: int) -> bool:
    """Accept any version: the caller has read none, such as an operator at a shell."""
    return True
