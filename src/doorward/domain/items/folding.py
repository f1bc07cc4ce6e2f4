"""Fold text, so that accents, ligatures, width and case do not matter to lists and searches. Pure.

PostgreSQL would need the extension ``unaccent``, and its lower case depends on the database's locale. So the text is
folded here, and stored folded.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final, Literal

from doorward.core.text import UnsafeTextError, normalize

LONGEST_FOLDED: Final = 10_000
"""Code points of the longest text that items hold. Longer text is folded in part."""

LONGEST_DECOMPOSED: Final = 3 * LONGEST_FOLDED
"""Code points that count of decomposed text: a syllable of Hangul has three. Some symbols have eighteen."""

_FIRST_ACCENT: Final = 200
_POINTS: Final = range(10, 37)
"""Combining classes (Unicode, UAX 44 table 15). 200 and above: accents. 10 to 36: vowel points of Hebrew, Arabic and
Syriac. Between and below them are marks that make another letter: viramas, nuktas, kana voicing, vowels of Thai."""

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
"""Latin letters that people type without a stroke or in two letters, and that Unicode does not decompose."""


def fold(text: str) -> str:
    """Return the text in lower case, in letters without accents and compatibility forms.

    Folding the result changes nothing. A symbol may become eighteen letters.
    """
    if text.isascii():
        return text.lower()
    decomposed = _normalized(text, "NFKD")[:LONGEST_DECOMPOSED]
    lower = decomposed.casefold()
    # Lower case may be composed again: it is of few letters, so that most text is spared the work.
    decomposed = lower if lower == decomposed else _normalized(lower, "NFKD")
    plain = decomposed.translate(dict.fromkeys(_accents(decomposed))).translate(_PLAIN_LETTERS)
    return _normalized(plain, "NFC")


def _normalized(text: str, form: Literal["NFC", "NFKD"]) -> str:
    try:
        return normalize(text, form, longest=LONGEST_DECOMPOSED)
    except UnsafeTextError:
        # Stored by a version that did not bound it. It is found by the letters that it has.
        return text


def _accents(text: str) -> Iterable[int]:
    classes = ((ord(each), unicodedata.combining(each)) for each in set(text))
    return [code for code, combining in classes if combining >= _FIRST_ACCENT or combining in _POINTS]
