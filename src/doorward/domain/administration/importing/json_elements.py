"""Read the elements of an array in a JSON file one at a time, regardless of the file's size. Pure."""

import io
import json
import re
from collections.abc import Iterator
from typing import IO, Any, Final

from doorward.domain.administration.importing.exceptions import MalformedUserFileError
from doorward.domain.administration.importing.models import LineCode
from doorward.domain.administration.importing.text_files import MAXIMUM_LINE, is_text, open_text

TOKENS_PER_YIELD: Final = 10_000
"""How many brackets and quotes of a skipped value are read before a None is yielded."""

_WHITE_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SCALAR: Final = re.compile(r"[^\s,\[\]{}\"]*")
_BRACKET_OR_QUOTE: Final = re.compile(r'["{}\[\]]')
_QUOTE_OR_ESCAPE: Final = re.compile(r'["\\]')
_DECODER: Final = json.JSONDecoder()

Element = tuple[int, Any | LineCode]


def read_object(text: str) -> dict[str, Any] | LineCode:
    """Return the object that the text contains, or the reason why it contains none.

    Deep nesting and overlong numbers are malformed, too.
    """
    if not is_text(text):
        return LineCode.NOT_TEXT
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return LineCode.MALFORMED_LINE
    return found if isinstance(found, dict) else LineCode.MALFORMED_LINE


def read_elements(file: IO[bytes], *, member: str | None = None) -> Iterator[Element | None]:
    """Yield each element of the file's array, or of the array in a ``member`` of its object, numbered from 1.

    An element that is no object or is too long gives a code. None is yielded between elements while a long value is
    skipped. Raises ``MalformedUserFileError`` if the rest cannot be read, or if there is no such array.
    """
    with open_text(file) as text:
        window = _Window(text)
        if member is not None:
            yield from _find_member(window, member)
        window.take("[", number=1)
        number = 0
        while window.peek() != "]":
            number += 1
            if number > 1:
                window.take(",", number=number)
            yield from _element(window, number)


class _Window:
    """A moving window of the text, which holds at least one whole element unless the text ends."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.buffer = ""
        self.position = 0
        self.is_last = False
        self._dropped = 0

    @property
    def offset(self) -> int:
        """The number of characters that were consumed."""
        return self._dropped + self.position

    def fill(self) -> None:
        """Read until the window holds as much text as the longest element, or all remaining text."""
        if not self.is_last and len(self.buffer) - self.position <= MAXIMUM_LINE:
            more = self._text.read(MAXIMUM_LINE)
            self._dropped += self.position
            self.buffer, self.position = self.buffer[self.position :] + more, 0
            self.is_last = len(more) < MAXIMUM_LINE

    def peek(self) -> str:
        """Return the next character that is not white space, or an empty string at the end."""
        while True:
            self.fill()
            self.position = _end_of(_WHITE_SPACE, self.buffer, self.position)
            if self.position < len(self.buffer) or self.is_last:
                self.fill()
                return self.buffer[self.position : self.position + 1]

    def take(self, character: str, *, number: int) -> None:
        """Skip white space and this character. Raises ``MalformedUserFileError`` for another character."""
        if self.peek() != character:
            raise MalformedUserFileError(number)
        self.position += 1

    def search(self, pattern: re.Pattern[str]) -> str:
        """Skip the next match, which has one character, and return it. Raises ``MalformedUserFileError``."""
        while (match := pattern.search(self.buffer, self.position)) is None:
            self.position = len(self.buffer)
            if self.is_last:
                raise MalformedUserFileError
            self.fill()
        self.position = match.end()
        return match[0]


def _element(window: _Window, number: int) -> Iterator[Element | None]:
    first, begins, offset = window.peek(), window.position, window.offset
    if first in {"", "]", ","}:
        raise MalformedUserFileError(number)
    try:
        value, window.position = _DECODER.raw_decode(window.buffer, begins)
    except (ValueError, RecursionError):
        yield from _pass_over(window, number)
        is_long = window.offset - offset > MAXIMUM_LINE
        yield number, LineCode.LINE_TOO_LONG if is_long else LineCode.MALFORMED_LINE
        return
    raw = window.buffer[begins : window.position]
    if len(raw) > MAXIMUM_LINE:
        yield number, LineCode.LINE_TOO_LONG
    elif not is_text(raw):
        yield number, LineCode.NOT_TEXT
    else:
        yield number, value if isinstance(value, dict) else LineCode.MALFORMED_LINE


def _find_member(window: _Window, member: str) -> Iterator[None]:
    """Move to the value of a member of the text's object, skipping the members before it."""
    window.take("{", number=1)
    while window.peek() == '"':
        try:
            name, window.position = _DECODER.raw_decode(window.buffer, window.position)
        except ValueError as error:
            raise MalformedUserFileError(1) from error
        window.take(":", number=1)
        if name == member:
            return
        yield from _pass_over(window, 1)
        if window.peek() == ",":
            window.position += 1
    raise MalformedUserFileError(1)


def _pass_over(window: _Window, number: int) -> Iterator[None]:
    """Move past a value without parsing it; yield from time to time. Raises ``MalformedUserFileError``."""
    if window.peek() not in {"{", "[", '"'}:
        window.position = _end_of(_SCALAR, window.buffer, window.position)
        if window.peek() not in {",", "]", "}"}:
            raise MalformedUserFileError(number)
        return
    depth, found = 0, 0
    while depth > 0 or found == 0:
        match window.search(_BRACKET_OR_QUOTE):
            case '"':
                yield from _pass_over_text(window)
            case "{" | "[":
                depth += 1
            case _:
                depth -= 1
        found += 1
        if found % TOKENS_PER_YIELD == 0:
            yield None


def _pass_over_text(window: _Window) -> Iterator[None]:
    """Move past the closing quote of a string; yield from time to time. Raises ``MalformedUserFileError``."""
    found = 0
    while window.search(_QUOTE_OR_ESCAPE) == "\\":
        window.fill()
        window.position += 1
        found += 1
        if found % TOKENS_PER_YIELD == 0:
            yield None


def _end_of(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
