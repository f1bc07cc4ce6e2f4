"""Check that a secret is long enough, irregular, and not published."""

import itertools
import re
from typing import Final
from urllib.parse import parse_qs, unquote

from doorward.settings.published_secrets import is_published

MINIMUM_SECRET_BYTES: Final = 32
"""An HMAC-SHA-256 key must be at least as long as the hash output (RFC 7518 section 3.2)."""

MINIMUM_DISTINCT_CHARACTERS: Final = 8
"""Fewer than one in ten million values of 16 random bytes in hex have fewer."""

MINIMUM_UNPREDICTABLE_CHARACTERS: Final = 16
"""Minimum length of a value with punctuation after its words were removed: ``Key(name)=...`` is not random."""

MINIMUM_SHARE_OF_DISTINCT_CHARACTERS: Final = 0.6
ENOUGH_DISTINCT_CHARACTERS: Final = 40
"""Sufficient number of distinct characters in the remainder, whatever its length.

Paths, addresses and patterns repeat characters; random characters with punctuation rarely do.
"""

_NOTATION: Final = re.compile(r"(?::|\A)//|\(\?[:P<!=]|\{\d+(?:,\d*)?\}|\[\^?\\[dsw]|\b[a-z]=\d+\w?,[a-z]=\d|@sha\d+:")
"""Notation of a URL, a regular expression, the parameters of a password hash, or the digest of an image."""

_WHITE_SPACE_IN_A_LINE: Final = re.compile(r"[^\S\r\n]")
"""White space other than line breaks, which openssl adds to long values. It occurs in phrases and commands."""

_GENERATED: Final = re.compile(r"[A-Za-z0-9+/_\-\r\n]*={0,2}")
"""The output of openssl and Python's ``secrets``: hex, base64, base64url."""

_WORDS: Final = re.compile(r"(?:[A-Z]?[a-z]{2,}+|[A-Z]{2,}+(?![a-z])|[A-Za-z](?![A-Za-z0-9])|[^A-Za-z0-9])++", re.ASCII)
"""Only words, in a usual spelling: with_underscores, with-hyphens, InCapitals, ALL_CAPITALS. A random value of 32
characters matches with a probability below one in a million, because it has digits and mixed case."""

_URL: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://(?P<authority>[^/?#]*)[^?#]*(?:\?(?P<query>[^#]*))?(?:#.*)?", re.IGNORECASE
)
_PORT: Final = r"0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_HOST: Final = re.compile(rf"(?:\[[0-9A-Fa-f:.%\w]+\]|[^\[\]:@]*)(?::(?:{_PORT})?)?")

_ONE_WORD: Final = re.compile(r"[a-z]+|[A-Z]+", re.ASCII)
"""Letters of a single case. They may be random, so they do not count as words."""

_WORD: Final = re.compile(r"[A-Z]?[a-z]{2,}+|[A-Z]{3,}+", re.ASCII)


def problem_with_secret_key(secret: str) -> str | None:
    """Return why keys must not be derived from the value, as the rest of a sentence, or None if it is suitable.

    White space and quotes around the value are not counted. The running time is linear in its length.
    """
    text = _without_quotes(secret.strip()).strip()
    if not text:
        return "is missing"
    if len(text.encode(errors="surrogatepass")) < MINIMUM_SECRET_BYTES:
        return f"is shorter than {MINIMUM_SECRET_BYTES} bytes"
    if is_published(text):
        return "is a published value that anybody can look up"
    return _pattern_in(text)


def _pattern_in(text: str) -> str | None:
    """Return the pattern that shows that the value is not random, as the rest of a sentence, or None."""
    if _WHITE_SPACE_IN_A_LINE.search(text):
        return "holds white space, as phrases and commands do; use random characters"
    if not text.replace("\r", "").replace("\n", "").isprintable():
        return "holds characters that cannot be seen; use random characters"
    if len(set(text)) < MINIMUM_DISTINCT_CHARACTERS or text in (text + text)[1:-1] or _is_a_sequence(text):
        return "is too regular to be random"
    if not _ONE_WORD.fullmatch(text) and _is_made_of_words(text):
        return "is made of words, which can be guessed; use random characters"
    return None


def _without_quotes(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`"
    return text[1:-1] if is_quoted else text


def _is_made_of_words(text: str) -> bool:
    if text.isascii() and _WORDS.fullmatch(text):
        return True
    return not _GENERATED.fullmatch(text) and (_NOTATION.search(text) is not None or not _is_unpredictable(text))


def _is_a_sequence(text: str) -> bool:
    """Return whether most characters are neighbours of the previous one in the alphabet: ``abcdef``, ``987654``."""
    steps = [abs(ord(after) - ord(before)) for before, after in itertools.pairwise(text)]
    return 2 * steps.count(1) > len(steps)


def _is_unpredictable(text: str) -> bool:
    rest = _WORD.sub("", text)
    enough = min(MINIMUM_SHARE_OF_DISTINCT_CHARACTERS * len(rest), ENOUGH_DISTINCT_CHARACTERS)
    return len(rest) >= MINIMUM_UNPREDICTABLE_CHARACTERS and len(set(rest)) >= enough


def passwords_in(url: str) -> list[str]:
    """Return the passwords in a URL, which may name several hosts, as PostgreSQL's URLs do.

    Raises ``ValueError`` if the URL cannot be parsed. The message repeats no part of it: if the password is not
    percent-encoded, any part may contain a piece of it.
    """
    match = _URL.fullmatch(url)
    user, _, hosts = match["authority"].rpartition("@") if match else ("", "", "")
    if match is None or "@" in user or not all(_HOST.fullmatch(host) for host in hosts.split(",")):
        raise ValueError(
            "cannot be read; check hosts and ports, and percent-encode special characters in the user name and password"
        )
    password = unquote(user.partition(":")[2])
    return [*([password] if password else []), *parse_qs(match["query"] or "").get("password", [])]
