"""Versions of what is stored: a caller may say which it expects, so that it overwrites no change it has not read."""

from collections.abc import Callable

VersionTest = Callable[[int], bool]
"""Tells whether a caller expects a version."""


def any_version(_: int) -> bool:
    """Expect any version: the caller has read none, such as an operator at a shell."""
    return True
