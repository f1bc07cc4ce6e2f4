"""Index items: the folded title that lists filter by, and the words that searches match. Pure.

Words are split only here, for items and for queries, and PostgreSQL gets the result: its own parser does not split
Chinese and Japanese text, and adds terms for ``example.com`` and ``-5``.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from doorward.domain.items.folding import fold
from doorward.domain.items.models import ItemIndex

LONGEST_WORD: Final = 100
"""Maximum indexed characters of a word. PostgreSQL refuses lexemes of 2 KiB."""

LONGEST_TITLE_KEY: Final = 200
"""Maximum characters of a title that are compared with a whole query."""

MAXIMUM_PLACES: Final = 255
"""Maximum indexed positions of a word in an item. PostgreSQL stores no more."""

_PARTS_OF_WORDS: Final = "LMN"
"""Unicode categories of word characters: letters, marks (vowels of Indic scripts) and numbers."""

_UNSPACED: Final = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Myanmar, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
"""Scripts without spaces between words."""

_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")
_WORD: Final = re.compile(f"[{_UNSPACED}]+|[^ {_UNSPACED}]+")
_UNSPACED_RUN: Final = re.compile(f"[{_UNSPACED}]+")


def index_of(title: str, description: str) -> ItemIndex:
    """Return the index of an item for lists and searches.

    ``search_vector`` is a tsvector: weight A is the title, B the description.
    """
    folded_title = fold(title)
    title_words = words_of(folded_title)
    terms = [(term, "A") for term in _terms(title_words)]
    terms += [(term, "B") for term in _terms(words_of(fold(description)))]
    places: dict[str, list[str]] = {}
    for position, (term, weight) in enumerate(terms, 1):
        where = places.setdefault(term, [])
        if len(where) < MAXIMUM_PLACES:
            where.append(f"{position}{weight}")
    entries = [f"{term}:{','.join(where)}" for term, where in places.items()]
    return ItemIndex(folded_title, " ".join([title_key(title_words), *entries]))


def words_of(folded: str) -> Sequence[str]:
    """Return the words of a folded text in their order. A run of a script without spaces is one word."""
    if folded.isascii():
        return [word[:LONGEST_WORD] for word in _ASCII_WORD.findall(folded)]
    separators = {ord(each): " " for each in set(folded) if unicodedata.category(each)[0] not in _PARTS_OF_WORDS}
    return [word if is_unspaced(word) else word[:LONGEST_WORD] for word in _WORD.findall(folded.translate(separators))]


def is_unspaced(word: str) -> bool:
    """Return whether the word is a run of a script without spaces, in which words begin anywhere."""
    return not word.isascii() and _UNSPACED_RUN.match(word) is not None


def pairs_of(run: str) -> Sequence[str]:
    """Return each pair of neighbouring characters of a run."""
    return [run[place : place + 2] for place in range(len(run) - 1)]


def title_key(words: Sequence[str]) -> str:
    """Return the quoted lexeme of items whose whole title is these words. No word begins with =."""
    return f"'={' '.join(words)[:LONGEST_TITLE_KEY]}'"


def _terms(words: Sequence[str]) -> Iterator[str]:
    """Yield the search terms of the words. The last character of a run begins no pair, so it is a term of its own."""
    for word in words:
        if is_unspaced(word):
            yield from pairs_of(word)
            yield word[-1]
        else:
            yield word
