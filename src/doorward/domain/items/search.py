"""The language of searches: the words of a query, their likely spellings, and the tsquery made of them. Pure."""

import string
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from doorward.core.text import UnsafeTextError, normalize
from doorward.domain.items.exceptions import InvalidFilterError, NoSearchWordsError

LONGEST_QUERY: Final = 1200
"""Code points. Calls take less; this bounds what is normalised, whichever caller asks."""

MAXIMUM_WORDS: Final = 8
"""Words that count; those after them are ignored."""

SHORTEST_FORGIVEN_WORD: Final = 4
"""Letters. One letter wrong in a shorter word makes another word."""

LONGEST_FORGIVEN_WORD: Final = 24
"""Letters. The spellings of a longer word are too many to look up."""

_PARTS_OF_WORDS: Final = "LMN"
"""Of Unicode's categories: letters, marks (vowels of Indic scripts) and numbers."""


_LETTERS: Final = string.ascii_lowercase + string.digits + "àáâãäåæçèéêëìíîïñòóôõöøœùúûüýÿß"


def search_words(query: str) -> Sequence[str]:
    """Return the query's words in lower case, each once.

    Raises ``NoSearchWordsError`` when there are none, and ``InvalidFilterError`` for text that nothing stored can hold.
    """
    try:
        composed = normalize(query, "NFC", longest=LONGEST_QUERY)
    except UnsafeTextError as error:
        raise InvalidFilterError from error
    words = list(dict.fromkeys(_split(composed.lower())))[:MAXIMUM_WORDS]
    if not words:
        raise NoSearchWordsError
    return words


def likely_spellings(word: str) -> Sequence[str]:
    """Return all that one typing error makes of the word: a letter missing, added, changed, or two swapped.

    Added and changed letters are Latin letters and digits. Short and very long words have none.
    """
    if not SHORTEST_FORGIVEN_WORD <= len(word) <= LONGEST_FORGIVEN_WORD:
        return []
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    found = {before + after[1:] for before, after in cuts if after}
    found |= {before + after[1] + after[0] + after[2:] for before, after in cuts if len(after) > 1}
    found |= {before + letter + after[1:] for before, after in cuts if after for letter in _LETTERS}
    found |= {before + letter + after for before, after in cuts for letter in _LETTERS}
    return sorted(found - {word})


def search_query(words: Sequence[str], spellings: Mapping[str, Collection[str]]) -> str:
    """Return a tsquery that wants every word: as a prefix, or in one of its other spellings."""
    return " & ".join("(" + " | ".join([f"{word}:*", *spellings.get(word, ())]) + ")" for word in words)


def _split(text: str) -> Sequence[str]:
    return "".join(each if unicodedata.category(each)[0] in _PARTS_OF_WORDS else " " for each in text).split()
