"""Open a file of users as UTF-8 text, with or without a byte order mark. Pure."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from doorward.domain.administration.importing.exceptions import UserFileIsUtf16Error

MAXIMUM_LINE: Final = 64 * 1024
"""Maximum characters of a row or of a JSON user. Bounds the reader's memory and the time between two yields."""


@contextmanager
def open_text(file: IO[bytes]) -> Iterator[io.TextIOWrapper]:
    """Yield the file as text, from its beginning. Raises ``UserFileIsUtf16Error``.

    Bytes that are not UTF-8 become lone surrogates, so that only their own line is refused.
    """
    beginning = file.read(4)
    file.seek(0)
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in beginning:
        raise UserFileIsUtf16Error
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield text
    finally:
        text.detach()


def is_text(text: str) -> bool:
    """Return whether PostgreSQL can store the text: it has no lone surrogate and no NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
