"""Parse search queries: the words, their likely spellings, and the tsquery. Pure."""

import string
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from doorward.core.text import UnsafeTextError, normalize
from doorward.domain.items.exceptions import InvalidFilterError, NoSearchWordsError

LONGEST_QUERY: Final = 1200
"""Maximum code points of a query before it is normalised. Calls accept less."""

MAXIMUM_WORDS: Final = 8
"""Maximum words; further ones are ignored."""

SHORTEST_FORGIVEN_WORD: Final = 4
"""Minimum letters of a word whose errors are forgiven. In a shorter word, one other letter makes another word."""

LONGEST_FORGIVEN_WORD: Final = 24
"""Maximum letters of a word whose errors are forgiven. A longer one has too many spellings to look up."""

_PARTS_OF_WORDS: Final = "LMN"
"""Unicode categories of word characters: letters, marks (vowels of Indic scripts) and numbers."""


_LETTERS: Final = string.ascii_lowercase + string.digits + "àáâãäåæçèéêëìíîïñòóôõöøœùúûüýÿß"


def search_words(query: str) -> Sequence[str]:
    """Return the query's words in lower case, each once.

    Raises ``NoSearchWordsError`` without words, and ``InvalidFilterError`` for text that no stored item can contain.
    """
    try:
        composed = normalize(query, "NFC", longest=LONGEST_QUERY)
    except UnsafeTextError as error:
        raise InvalidFilterError from error
    words_only = "".join(each if unicodedata.category(each)[0] in _PARTS_OF_WORDS else " " for each in composed.lower())
    words = list(dict.fromkeys(words_only.split()))[:MAXIMUM_WORDS]
    if not words:
        raise NoSearchWordsError
    return words


def likely_spellings(word: str) -> Sequence[str]:
    """Return all spellings with one error: a letter missing, added or changed, or two letters swapped.

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
    """Return a tsquery that requires every word, as a prefix or in one of its other spellings."""
    return " & ".join("(" + " | ".join([f"{word}:*", *spellings.get(word, ())]) + ")" for word in words)
