"""The secrets that the ring sent and received, and all output that must not contain them."""

import re
import secrets
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import httpx

PASSWORD_MARK: Final = f"canary-{secrets.token_hex(8)}"
NAME_MARK: Final = f"p{secrets.token_hex(3)}x"
"""Part of each password, user name and e-mail address that the ring generates."""

PIECE: Final = 16
"""This many consecutive characters of a token count as a finding, at any position in the token."""

LONG_WORD: Final = re.compile(rf"[A-Za-z0-9_-]{{{PIECE},}}")


class Finding(NamedTuple):
    """The place in which a secret was found, never the secret itself."""

    kind: str
    line: int
    what: str


class Evidence:
    """Collected by all threads while the ring runs; searched at its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._pieces: set[str] = set()
        self._tokens = 0
        self._texts: list[tuple[str, str]] = []

    def remember_secret(self, secret: str) -> None:
        """Remember a word that is searched as a whole."""
        with self._lock:
            self._secrets.add(secret)

    def remember_token(self, token: str) -> None:
        """Remember a token that is searched in pieces: each piece is indexed, so that a scan is one look-up."""
        with self._lock:
            self._tokens += 1
            for word in LONG_WORD.findall(token):
                self._pieces.update(word[start : start + PIECE] for start in range(0, len(word) - PIECE + 1, PIECE))

    def saw(self, answer: httpx.Response) -> None:
        """Remember the tokens of a success response; keep an error response as a text that must contain none."""
        if answer.status_code >= 400:
            self.keep("error", f"{answer.headers}\n{answer.text}")
        elif '"refresh_token"' in answer.text and answer.headers["Content-Type"] == "application/json":
            for name in ("access_token", "refresh_token"):
                if isinstance(token := answer.json().get(name), str):
                    self.remember_token(token)

    def keep(self, kind: str, text: str) -> None:
        with self._lock:
            self._texts.append((kind, text))

    def findings(self) -> list[Finding]:
        return [
            Finding(kind, number, what)
            for kind, text in self._texts
            for number, line in enumerate(text.splitlines(), start=1)
            for what in self._found_in(line)
        ]

    def _found_in(self, line: str) -> Iterator[str]:
        if any(secret in line.lower() for secret in (PASSWORD_MARK, NAME_MARK)):
            yield "a password, a user name or an e-mail address"
        if any(secret in line for secret in self._secrets):
            yield "a secret setting"
        if any(piece in self._pieces for word in LONG_WORD.findall(line) for piece in pieces_of(word)):
            yield "a piece of a token"

    def lines(self) -> Counter[str]:
        """Return the number of lines of each kind to search."""
        counted: Counter[str] = Counter()
        for kind, text in self._texts:
            counted[kind] += len(text.splitlines())
        return counted

    def summary(self) -> str:
        """Return a sentence with the numbers of lines and tokens."""
        lines = self.lines()
        searched = ", ".join(f"{count} of {kind}" for kind, count in sorted(lines.items()))
        return (
            f"Canaries: {sum(lines.values())} lines searched for {self._tokens} tokens and all passwords and names "
            f"({searched})"
        )


def pieces_of(word: str) -> Iterable[str]:
    return (word[start : start + PIECE] for start in range(len(word) - PIECE + 1))


EVIDENCE: Final = Evidence()
"""The evidence of this process: with several workers each has its own."""
