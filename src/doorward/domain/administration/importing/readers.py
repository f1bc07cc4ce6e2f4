"""Turn what a file of any format has into users, line by line. Pure."""

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from doorward.domain.administration.importing.members import OtherTypeError
from doorward.domain.administration.importing.models import ForeignUser, Line, LineCode

Described = Iterator[tuple[int, Any | LineCode] | None]
"""The lines of a file, each an object or a row by the names of its members, or a code."""

Describe = Callable[[Mapping[str, Any]], ForeignUser | LineCode | None]
"""Reads one user; returns None for what is no user and none of the import's business. Raises ``OtherTypeError``."""


def read_users(lines: Described, describe: Describe) -> Generator[Line | None]:
    """Yield the user of each line, or the code for which there is none."""
    for line in lines:
        if line is None:
            yield None
            continue
        number, content = line
        if not isinstance(content, LineCode):
            try:
                content = describe(content)
            except OtherTypeError:
                content = LineCode.MALFORMED_LINE
        yield None if content is None else Line(number, content)
