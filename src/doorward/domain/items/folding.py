"""Fold text, so that lists and searches ignore accents, ligatures, width and case. Pure.

PostgreSQL would need the extension ``unaccent``, and its lower case depends on the database's locale. The text is
therefore folded here, and stored folded.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final, Literal

from doorward.core.text import UnsafeTextError, normalize

LONGEST_FOLDED: Final = 10_000
"""Code points of the longest text of an item. Longer text is folded in part."""

LONGEST_DECOMPOSED: Final = 3 * LONGEST_FOLDED
"""Maximum code points of decomposed text: a syllable of Hangul decomposes to three, some symbols to eighteen."""

_FIRST_ACCENT: Final = 200
_VOWEL_POINTS: Final = range(10, 37)
"""Combining classes (Unicode, UAX 44 table 15). 200 and above: accents.

10 to 36: vowel points of Hebrew, Arabic and Syriac. Classes between and below them are marks that change the letter:
viramas, nuktas, kana voicing, Thai vowels.
"""

_PLAIN_LETTERS: Final = str.maketrans(
    {
        "\u00e6": "ae",
        "\u00f0": "d",
        "\u00f8": "o",
        "\u00fe": "th",
        "\u0111": "d",
        "\u0127": "h",
        "\u0131": "i",
        "\u0142": "l",
        "\u0153": "oe",
        "\u0167": "t",
    }
)
"""Latin letters that people type without a stroke or as two letters, and that Unicode does not decompose."""


def fold(text: str) -> str:
    """Return the text in lower case, without accents and compatibility forms.

    Folding the result changes nothing. A symbol may become eighteen letters.
    """
    if text.isascii():
        return text.lower()
    decomposed = _normalized(text, "NFKD")[:LONGEST_DECOMPOSED]
    lower = decomposed.casefold()
    # Case folding composes few letters; only text with such letters is decomposed again.
    decomposed = lower if lower == decomposed else _normalized(lower, "NFKD")
    plain = decomposed.translate(dict.fromkeys(_accents(decomposed))).translate(_PLAIN_LETTERS)
    return _normalized(plain, "NFC")


def _normalized(text: str, form: Literal["NFC", "NFKD"]) -> str:
    try:
        return normalize(text, form, longest=LONGEST_DECOMPOSED)
    except UnsafeTextError:
        # The text was stored by a version without this limit. It is found by its letters as they are.
        return text


def _accents(text: str) -> Iterable[int]:
    classes = ((ord(each), unicodedata.combining(each)) for each in set(text))
    return [code for code, combining in classes if combining >= _FIRST_ACCENT or combining in _VOWEL_POINTS]
