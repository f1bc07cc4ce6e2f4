"""Unicode text of strangers: normal forms at a cost in proportion to its length, and what of it can be seen. Pure.

Normalising sorts the combining marks behind each letter, in a time that grows with the square of their number. So the
length is bounded first, and then the number of marks in a row.
"""

import re
import unicodedata
from typing import Final, Literal

MAXIMUM_MARKS: Final = 30
"""Combining marks in a row: those of the Stream-Safe Text Format (Unicode UAX 15 section 13)."""

CODE_POINTS_OF_A_CHARACTER: Final = 4
"""NFC and NFKC make one code point of at most so many: a letter and three marks."""

_LONG_RUN: Final = re.compile(rb"[^\0]{%d}" % (MAXIMUM_MARKS + 1))

_MARKS_IN_ONE: Final = (
    ("\u0344", "\u0308\u0301"),
    ("\u0f73", "\u0f71\u0f72"),
    ("\u0f75", "\u0f71\u0f74"),
    ("\u0f81", "\u0f71\u0f80"),
)
"""The code points that decompose to several marks and no letter. Three of them claim to be no marks themselves."""

_BLANK_LETTERS_AND_MARKS: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""Shown as nothing, although their category says letter, mark or symbol (Unicode's Default_Ignorable_Code_Point)."""

_INVISIBLE: Final = frozenset({"Cc", "Cf"})
"""Categories of control and format characters. What is not assigned counts as seen: it may be a newer emoji."""


class UnsafeTextError(ValueError):
    """The text is too long to be normalised, or has too many combining marks in a row. Its message holds no text."""


def normalize(text: str, form: Literal["NFC", "NFKC"], *, longest: int) -> str:
    """Return the text in a Unicode normal form.

    Takes a time in proportion to its length, whatever it holds. Raises ``UnsafeTextError`` for more than ``longest``
    code points, and for more than ``MAXIMUM_MARKS`` combining marks in a row. NFKC may return up to 18 times as many
    code points as it was given.
    """
    if len(text) > longest:
        raise UnsafeTextError("longer than may be normalised")
    if has_long_run_of_marks(text):
        raise UnsafeTextError("too many combining marks in a row")
    return unicodedata.normalize(form, text)


def has_long_run_of_marks(text: str) -> bool:
    """Tell whether more than ``MAXIMUM_MARKS`` code points in a row are combining marks once the text is decomposed.

    Marks that are part of a composed letter (at most three) are not counted: they belong to the letter.
    """
    if text.isascii():
        return False
    for together, apart in _MARKS_IN_ONE:
        text = text.replace(together, apart)
    return _LONG_RUN.search(bytes(map(unicodedata.combining, text))) is not None


def visible(text: str) -> str:
    """Return the text without control and format characters and those that are shown as nothing. White space stays."""
    seen = "".join(each for each in text if each.isspace() or unicodedata.category(each) not in _INVISIBLE)
    return _BLANK_LETTERS_AND_MARKS.sub("", seen)
