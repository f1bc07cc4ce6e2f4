"""Scrub log lines: replace secrets by key and by shape, escape control characters, limit sizes.

Most values are short words without suspicious characters, for which a single search suffices.
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final

from doorward.core.secret_prefixes import TOKEN_PREFIX, WEBHOOK_SECRET_PREFIX
from doorward.observability.private_pairs import SUSPECT_CHARACTERS, private_pair_pattern

REDACTED: Final = "[redacted]"
MAXIMUM_VALUE: Final = 2_048
MAXIMUM_TRACEBACK: Final = 12_288
"""Maximum characters of a value, and of a traceback. The end of a longer traceback is kept."""

MAXIMUM_ITEMS: Final = 32
MAXIMUM_DEPTH: Final = 4
_FIRST_WORD: Final = re.compile(r"\A\S+")
_LAST_WORD: Final = re.compile(r"\S{1,256}\Z")

SECRET_FIELDS: Final = ("password", "passwd", "secret", "token", "authorization", "cookie", "api_key", "credential")
"""Always redacted, independent of the settings."""

PERSONAL_FIELDS: Final = ("email", "username", "phone")
TRACEBACKS: Final = frozenset({"exception", "stack"})
"""Values that keep their line breaks, for readability. JSON escapes them."""

_SUSPECT: Final = re.compile(
    f"[@${SUSPECT_CHARACTERS}]|://|{TOKEN_PREFIX}|{WEBHOOK_SECRET_PREFIX}|eyJ|earer|asic ", re.IGNORECASE
)
"""Every match of the patterns below contains at least one of these. The service's own words contain none."""

_PLAIN: Final = re.compile(r"[a-z0-9./{}:-]{0,64}")
"""Matches ids, routes, addresses and most event names, which need no further search."""

# Repetitions that may begin anywhere are bounded, so that the time is proportional to the text's length.
_SHAPES: Final = (
    # A password in a URL; the user's name stays.
    (re.compile(r"(://[^\s/?#:@]*:)[^\s/]*@"), rf"\1{REDACTED}@"),
    # RFC 6750 section 2.1 and RFC 7617.
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/-]{4,}=*", re.IGNORECASE), rf"\1 {REDACTED}"),
    # A token of the service or a part of one.
    (re.compile(rf"{TOKEN_PREFIX}[\w-]+"), REDACTED),
    # The secret of a webhook, in base64.
    (re.compile(rf"{WEBHOOK_SECRET_PREFIX}[\w+/-]+=*"), REDACTED),
    # A JWT or its beginning: base64url of '{"'.
    (re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*)*"), REDACTED),
    # A bcrypt hash.
    (re.compile(r"\$(?:2[abxy]|bcrypt-sha256)\$[^\s'\"]+"), REDACTED),
    # An e-mail address.
    (re.compile(r"[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+"), REDACTED),
)


class Scrubber:
    """Scrub values for the log."""

    def __init__(self, fields: Iterable[str] = PERSONAL_FIELDS) -> None:
        """Take the words that mark a key as private, in addition to ``SECRET_FIELDS``.

        They match anywhere in a key, case-insensitively.
        """
        words = [re.escape(each.strip().lower().replace("-", "_")) for each in (*SECRET_FIELDS, *fields)]
        marks = "|".join(words).replace("_", "[_-]?")
        self._private_key = re.compile(marks, re.IGNORECASE)
        self._private_pair = private_pair_pattern(marks)
        self._is_private: dict[str, bool] = {}

    def scrub(self, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Return the line with each value scrubbed; changes ``line`` in place."""
        for key, value in line.items():
            kind = type(value)
            is_private = self._is_private.get(key)
            if is_private or (is_private is None and self._has_private_name(key)):
                line[key] = REDACTED
            elif kind is str:
                if not _PLAIN.fullmatch(value):
                    line[key] = self._traceback(value) if key in TRACEBACKS else self.text(value)
            elif kind is not int and kind is not float and value is not None:
                line[key] = self._value(value, MAXIMUM_DEPTH)
        return line

    def text(self, text: str) -> str:
        """Return the text without secrets and control characters, at most ``MAXIMUM_VALUE`` characters of it."""
        if _PLAIN.fullmatch(text):
            return text
        if len(text) <= MAXIMUM_VALUE:
            return self._one_line(text) if _SUSPECT.search(text) or not text.isprintable() else text
        # Cut between words, because a part of a secret may not be recognized.
        whole_words = _LAST_WORD.sub("", text[:MAXIMUM_VALUE])
        return f"{self._one_line(whole_words)}[{len(text)} characters]"

    def _one_line(self, text: str) -> str:
        return _printable(self._without_secrets(text))

    def _traceback(self, text: str) -> str:
        if len(text) > MAXIMUM_TRACEBACK:
            end = text[-MAXIMUM_TRACEBACK:]
            whole_words = end.partition("\n")[2] or _FIRST_WORD.sub("", end)
            text = f"[{len(text)} characters]\n{whole_words}"
        return "\n".join(map(_printable, self._without_secrets(text).split("\n")))

    def _without_secrets(self, text: str) -> str:
        for pattern, replacement in _SHAPES:
            text = pattern.sub(replacement, text)
        return self._private_pair.sub(rf"\1{REDACTED}", text)

    def _value(self, value: object, depth: int) -> object:
        """Return the value as JSON types: members and items scrubbed, other types as text."""
        if isinstance(value, bool | int | float | None):
            return value
        if isinstance(value, Mapping) and depth:
            pairs = list(value.items())[:MAXIMUM_ITEMS]
            return {
                self.text(str(key)): REDACTED if self._has_private_name(str(key)) else self._value(each, depth - 1)
                for key, each in pairs
            }
        if isinstance(value, list | tuple | set | frozenset) and depth:
            return [self._value(each, depth - 1) for each in list(value)[:MAXIMUM_ITEMS]]
        return self.text(value if isinstance(value, str) else str(value))

    def _has_private_name(self, key: str) -> bool:
        known = self._is_private.get(key)
        if known is None:
            known = self._private_key.search(key) is not None
            if len(self._is_private) < MAXIMUM_VALUE:
                self._is_private[key] = known
        return known


def _printable(text: str) -> str:
    """Escape invisible characters as numbers: line breaks, ANSI's escape, characters that hide or reverse text."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
