"""Remove the values of known secrets from finished log lines, whatever the context."""

import json
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

from doorward.observability.scrubbing import REDACTED

MINIMUM_LENGTH: Final = 8
"""Minimum characters of a secret. A shorter value would match unrelated words."""

ESCAPED_TIMES: Final = 3


class KnownSecrets:
    """Secret values to redact: plain, URL-encoded, and escaped for JSON up to ``ESCAPED_TIMES`` times."""

    def __init__(self, values: Iterable[str]) -> None:
        """Take the values. Those shorter than ``MINIMUM_LENGTH`` are only redacted by the scrubber's rules."""
        spellings = {each for value in values if len(value) >= MINIMUM_LENGTH for each in _spellings(value)}
        # The longest first, because a shorter one may be part of it.
        self._spellings = sorted(spellings, key=len, reverse=True)

    def redact(self, line: str) -> str:
        """Return the line without the values. The running time is linear in its length."""
        for spelling in self._spellings:
            if spelling in line:
                line = line.replace(spelling, REDACTED)
        return line


def _spellings(value: str) -> Iterator[str]:
    yield value
    for encoded in (quote(value), quote(value, safe=""), quote_plus(value)):
        yield encoded
        yield quote(encoded, safe="")
    for ensure_ascii in (True, False):
        escaped = value
        for _ in range(ESCAPED_TIMES):
            escaped = json.dumps(escaped, ensure_ascii=ensure_ascii)[1:-1]
            yield escaped
