"""Parse search queries: the words, their likely spellings, and the tsqueries. Pure."""

import string
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from doorward.core.text import UnsafeTextError, normalize
from doorward.domain.items.exceptions import InvalidFilterError, NoSearchWordsError
from doorward.domain.items.folding import fold
from doorward.domain.items.indexing import is_unspaced, pairs_of, title_key, words_of
from doorward.domain.items.models import SearchQuery

LONGEST_QUERY: Final = 1200
"""Maximum code points of a query before it is normalised. The API accepts fewer."""

MAXIMUM_WORDS: Final = 8
"""Maximum different words; further ones are ignored."""

MAXIMUM_PAIRS: Final = 8
"""Maximum pairs of characters of a word in a script without spaces; further ones are ignored."""

SHORTEST_FORGIVEN_WORD: Final = 4
"""Minimum letters of a word in which typing errors are forgiven.

In a shorter word, another letter makes another word.
"""

LONGEST_FORGIVEN_WORD: Final = 24
"""Maximum letters of a word in which typing errors are forgiven. A longer one has too many spellings to look up."""

_LETTERS: Final = string.ascii_lowercase + string.digits


def search_words(query: str) -> Sequence[str]:
    """Return the query's words, folded, in order.

    Raises ``NoSearchWordsError`` without words, and ``InvalidFilterError`` for text that no stored item can contain.
    """
    try:
        composed = normalize(query, "NFC", longest=LONGEST_QUERY)
    except UnsafeTextError as error:
        raise InvalidFilterError from error
    words = words_of(fold(composed))
    if not words:
        raise NoSearchWordsError
    return words


def counted_words(words: Sequence[str]) -> Sequence[str]:
    """Return the first distinct words, up to ``MAXIMUM_WORDS``."""
    return list(dict.fromkeys(words))[:MAXIMUM_WORDS]


def likely_spellings(word: str) -> Sequence[str]:
    """Return all spellings with one error: a letter missing, added or changed, or two letters swapped.

    Added and changed letters are Latin letters and digits. Short and very long words have none.
    """
    if is_unspaced(word) or not SHORTEST_FORGIVEN_WORD <= len(word) <= LONGEST_FORGIVEN_WORD:
        return []
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    found = {before + after[1:] for before, after in cuts if after}
    found |= {before + after[1] + after[0] + after[2:] for before, after in cuts if len(after) > 1}
    found |= {before + letter + after[1:] for before, after in cuts if after for letter in _LETTERS}
    found |= {before + letter + after for before, after in cuts for letter in _LETTERS}
    return sorted(found - {word})


def search_query(words: Sequence[str], spellings: Mapping[str, Collection[str]] = MappingProxyType({})) -> SearchQuery:
    """Return a query for items that have every word, as a prefix or in one of its other spellings."""
    counted = counted_words(words)
    alternatives = (" | ".join([_term(word), *spellings.get(word, ())]) for word in counted)
    return SearchQuery(" & ".join(f"({each})" for each in alternatives), title_key(words))


def _term(word: str) -> str:
    """Return a word as a prefix term. In a script without spaces it may occur anywhere in a run."""
    pairs = pairs_of(word)[:MAXIMUM_PAIRS] if is_unspaced(word) else ()
    return " <-> ".join(pairs) or f"{word}:*"
