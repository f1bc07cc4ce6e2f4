"""Convert the lines of a file in any format to users. Pure."""

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from doorward.domain.administration.importing.members import OtherTypeError
from doorward.domain.administration.importing.models import ForeignUser, Line, LineCode

ParsedLines = Iterator[tuple[int, Any | LineCode] | None]
"""The numbered lines of a file: each an object, a row by column name, or a code."""

ConvertUser = Callable[[Mapping[str, Any]], ForeignUser | LineCode | None]
"""Convert one user; return None for an object that is not a user or not imported. Raises ``OtherTypeError``."""


def read_users(lines: ParsedLines, convert: ConvertUser) -> Generator[Line | None]:
    """Yield the user of each line, or the code of a line without one."""
    for line in lines:
        if line is None:
            yield None
            continue
        number, content = line
        if not isinstance(content, LineCode):
            try:
                content = convert(content)
            except OtherTypeError:
                content = LineCode.MALFORMED_LINE
        yield None if content is None else Line(number, content)
