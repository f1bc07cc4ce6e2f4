"""Normalise untrusted Unicode text in linear time, and find its visible characters. Pure.

Normalising sorts the combining marks behind each letter, in a time that grows with the square of their number. So the
length is limited first, and then the number of consecutive marks.
"""

import re
import unicodedata
from typing import Final, Literal

MAXIMUM_MARKS: Final = 30
"""Maximum consecutive combining marks, as in the Stream-Safe Text Format (Unicode UAX 15 section 13)."""

CODE_POINTS_OF_A_CHARACTER: Final = 4
"""NFC and NFKC compose at most this many code points into one: a letter and three marks."""

_LONG_RUN: Final = re.compile(rb"[^\0]{%d}" % (MAXIMUM_MARKS + 1))

_MARKS_IN_ONE: Final = (
    ("\u0344", "\u0308\u0301"),
    ("\u0f73", "\u0f71\u0f72"),
    ("\u0f75", "\u0f71\u0f74"),
    ("\u0f81", "\u0f71\u0f80"),
)
"""Code points that decompose to several marks without a letter. Three of them have combining class 0."""

_BLANK_LETTERS_AND_MARKS: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""Invisible characters of the categories letter, mark and symbol (Unicode's Default_Ignorable_Code_Point)."""

_INVISIBLE: Final = frozenset({"Cc", "Cf"})
"""Categories of control and format characters. Unassigned code points count as visible: they may be newer emoji."""


class UnsafeTextError(ValueError):
    """The text is too long to be normalised, or has too many combining marks in a row. Its message holds no text."""


def normalize(text: str, form: Literal["NFC", "NFKC", "NFKD"], *, longest: int) -> str:
    """Return the text in a Unicode normal form.

    The time is proportional to the length. Raises ``UnsafeTextError`` for more than ``longest`` code points, and for
    more than ``MAXIMUM_MARKS`` combining marks in a row. NFKC and NFKD may return up to 18 times as many code points as
    they were given.
    """
    if len(text) > longest:
        raise UnsafeTextError("longer than may be normalised")
    if text.isascii():
        return text
    if has_long_run_of_marks(text):
        raise UnsafeTextError("too many combining marks in a row")
    return unicodedata.normalize(form, text)


def has_long_run_of_marks(text: str) -> bool:
    """Return whether the decomposed text has more than ``MAXIMUM_MARKS`` consecutive combining marks.

    Marks that are part of a composed letter (at most three) are not counted.
    """
    if text.isascii():
        return False
    for together, apart in _MARKS_IN_ONE:
        text = text.replace(together, apart)
    return _LONG_RUN.search(bytes(map(unicodedata.combining, text))) is not None


def visible(text: str) -> str:
    """Return the text without control, format and other invisible characters. White space stays."""
    seen = "".join(each for each in text if each.isspace() or unicodedata.category(each) not in _INVISIBLE)
    return _BLANK_LETTERS_AND_MARKS.sub("", seen)
