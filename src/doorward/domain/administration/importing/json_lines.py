"""Read a file with a JSON object in each line (NDJSON). Pure."""

from collections.abc import Iterator
from typing import IO

from doorward.domain.administration.importing.json_elements import Element, read_object
from doorward.domain.administration.importing.models import LineCode
from doorward.domain.administration.importing.text_files import MAXIMUM_LINE, open_text


def read_lines(file: IO[bytes]) -> Iterator[Element | None]:
    """Yield the object of each line with the line's number, from 1.

    None for an empty line, a code for an overlong one.
    """
    with open_text(file) as text:
        number, is_inside = 1, False
        while line := text.readline(MAXIMUM_LINE + 1):
            ends = line.endswith(("\n", "\r"))
            if is_inside:
                yield None
            elif len(line) > MAXIMUM_LINE:
                yield number, LineCode.LINE_TOO_LONG
            else:
                stripped = line.strip()
                yield (number, read_object(stripped)) if stripped else None
            number, is_inside = number + ends, not ends
