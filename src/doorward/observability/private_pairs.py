"""The pattern of a private name and its value in a text: assignments, dicts, JSON, lists of pairs, XML, URLs.

Libraries log texts within texts: JSON in a string of JSON in Python's repr of bytes. Each layer escapes the quotes
again, so quotes are recognised in every escaped form, and a value ends at the quote that is escaped as its first one.
"""

import re
from typing import Final

_URL_ESCAPE: Final = "%(?:25){0,8}"
_BACKSLASH: Final = rf"(?:\\|{_URL_ESCAPE}5c)"
_BACKSLASHES: Final = rf"{_BACKSLASH}{{0,255}}"
"""Seven layers of JSON put 127 backslashes before a quote."""

_AMPERSAND: Final = rf"(?:&|{_URL_ESCAPE}26)"
_SEMICOLON: Final = rf"(?:;|{_URL_ESCAPE}3b)"
_NUMBER_SIGN: Final = rf"(?:\#|{_URL_ESCAPE}23)"
_PLAIN_QUOTE: Final = (
    rf"""(?:["'`]|u002[27]|x2[27]|{_URL_ESCAPE}2[27]"""
    rf"|{_AMPERSAND}(?:amp{_SEMICOLON}){{0,4}}(?:quot|apos|{_NUMBER_SIGN}(?:3[49]|x2[27])){_SEMICOLON})"
)
_QUOTE: Final = rf"(?:(?:{_BACKSLASH}{{1,255}}+|(?![ux])){_PLAIN_QUOTE})"
_SPACE: Final = rf"(?:\s|\\{{1,255}}[nrt]|{_URL_ESCAPE}20|\+){{0,16}}"
_COLON: Final = rf"(?::|{_BACKSLASHES}u003a|{_URL_ESCAPE}3a)"
_EQUALS: Final = rf"(?:=>?|{_BACKSLASHES}u003d|{_URL_ESCAPE}3d)"

_SEPARATOR: Final = (
    # name=value, Key (name)=(value), <name>value
    rf"(?:\)?(?:{_EQUALS}|>)"
    # An assignment with spaces, of a value in quotes.
    rf"|{_SPACE}{_EQUALS}{_SPACE}(?={_QUOTE})"
    # "name": value, "name" => value
    rf"|{_QUOTE}{_SPACE}(?:{_COLON}|{_EQUALS}){_SPACE}"
    # A pair of two values in quotes.
    rf"|{_QUOTE}{_SPACE},{_SPACE}(?=[a-z]{{0,2}}{_QUOTE}))"
)
_VALUE: Final = (
    r"""(?:\[redacted\]"""
    # In quotes, also within a call. A quote with more or fewer escapes is part of the value. Without an end, the text
    # was cut off.
    rf"|(?:\w{{1,64}}\(|[a-z]{{1,2}})?(?P<open>{_QUOTE})"
    rf"(?:(?!(?P=open))(?:{_BACKSLASH}{{1,255}}+{_PLAIN_QUOTE}?|.))*(?:(?P=open)|\Z)"
    r"""|\([^)]*\)?|\[[^\]]*\]?|\{[^}]*\}?"""
    r"""|[^\s,;&'"<)}\]]+)"""
)

SUSPECT_CHARACTERS: Final = r"""=>'"`%&\\"""
"""For a character set of a regular expression. Each pair contains at least one of these."""


def private_pair_pattern(names: str) -> re.Pattern[str]:
    """Return the pattern of pairs whose name contains a match of ``names``; group 1 is everything but the value.

    Its running time is linear in the text's length: each repetition before the value is bounded, and a value is matched
    only once.
    """
    return re.compile(rf"((?:{names})[\w-]{{0,64}}+{_SEPARATOR}){_VALUE}", re.IGNORECASE | re.DOTALL)
