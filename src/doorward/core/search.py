"""The language of searches: the words of a query, their likely spellings, and the tsquery made of them. Pure."""

import re
import string
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from doorward.core.exceptions import NoSearchWordsError

MAXIMUM_WORDS: Final = 8
"""Words that count; those after them are ignored."""

SHORTEST_FORGIVEN_WORD: Final = 4
"""Letters. One letter wrong in a shorter word makes another word."""

LONGEST_FORGIVEN_WORD: Final = 24
"""Letters. The spellings of a longer word are too many to look up."""

_WORD: Final = re.compile(r"[^\W_]+")
_LETTERS: Final = string.ascii_lowercase + string.digits + "àáâãäåæçèéêëìíîïñòóôõöøœùúûüýÿß"


def search_words(query: str) -> Sequence[str]:
    """Return the query's words in lower case, each once. Raises ``NoSearchWordsError`` when there are none."""
    words = list(dict.fromkeys(_WORD.findall(unicodedata.normalize("NFC", query).lower())))[:MAXIMUM_WORDS]
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
