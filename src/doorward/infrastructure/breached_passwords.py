"""Passwords that leaked from other services, found through a server with the range API or in a file.

Both have SHA-1 digests only. The server gets the first five characters of a digest, which hundreds of passwords share,
and answers with all digests that begin with them. Padding hides from the network which range was requested.
"""

import asyncio
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final

from doorward import __version__
from doorward.domain.auth.ports import BreachesUnavailableError
from doorward.domain.outbox.schedule import Circuit
from doorward.infrastructure.outbound_http import AnswerTooLargeError, HttpClient, MalformedAnswerError
from doorward.observability.logging import report
from doorward.observability.outbound_events import BreachCircuitClosed, BreachCircuitOpened

TOTAL_SECONDS: Final = 0.8
WAIT_SECONDS: Final = 0.8
MAXIMUM_BYTES: Final = 1024 * 1024
MAXIMUM_CONCURRENT_QUERIES: Final = 16
_PREFIX_LENGTH: Final = 5
_OK: Final = 200
_HEADERS: Final = {
    "User-Agent": f"doorward/{__version__}",
    "Accept": "text/plain",
    "Accept-Encoding": "identity",
    "Add-Padding": "true",
}
_RANGE: Final = re.compile(r"(?:[0-9A-F]{35}:[0-9]{1,12}(?:\r\n|\n|\Z))+")
_LINE: Final = re.compile(rb"([0-9A-Fa-f]{40})(?::[0-9]+)?\r?\n?")
_LONGEST_LINE: Final = 128


class BreachServer:
    """Queries a server with the range API of Have I Been Pwned. A circuit breaker skips one that does not answer."""

    def __init__(
        self,
        http: HttpClient,
        *,
        total_seconds: float = TOTAL_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Store the server's client, the timeouts of an answer and of the wait for a slot, and a monotonic clock."""
        self._http = http
        self._total_seconds = total_seconds
        self._wait_seconds = wait_seconds
        self._steady = steady
        self._slots = asyncio.Semaphore(MAXIMUM_CONCURRENT_QUERIES)
        self._circuit = Circuit()
        self._is_probing = False

    async def contains(self, password: str) -> bool:
        """Return whether the password leaked. Raises ``BreachesUnavailableError``.

        The call may first wait for one of ``MAXIMUM_CONCURRENT_QUERIES`` slots. That is no fault of the server: the
        timeout of the answer begins, and faults are counted, only after the wait.
        """
        digest = _digest_of(password)
        prefix, rest = digest[:_PREFIX_LENGTH], digest[_PREFIX_LENGTH:]
        async with self._slot():
            counts = await self._ask_unless_open(prefix)
        # A line of padding has the count 0.
        return counts.get(rest, 0) > 0

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._slots.acquire()
        except TimeoutError as error:
            raise BreachesUnavailableError("busy") from error
        try:
            yield
        finally:
            self._slots.release()

    async def _ask_unless_open(self, prefix: str) -> dict[str, int]:
        is_probe = self._circuit.is_open
        if not self._circuit.allowed(self._steady(), 1) or (is_probe and self._is_probing):
            raise BreachesUnavailableError("circuit_open")
        self._is_probing = self._is_probing or is_probe
        try:
            counts = await self._ask(prefix)
        except BreachesUnavailableError as error:
            self._note_fault(error.reason)
            raise
        finally:
            if is_probe:
                self._is_probing = False
        self._note_answer()
        return counts

    async def _ask(self, prefix: str) -> dict[str, int]:
        """Return the number of leaks of each digest in the range, by the characters after the prefix."""
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._http.get(f"/range/{prefix}", headers=_HEADERS, maximum_bytes=MAXIMUM_BYTES)
        except TimeoutError as error:
            raise BreachesUnavailableError("timeout") from error
        except OSError as error:
            raise BreachesUnavailableError("connection") from error
        except AnswerTooLargeError as error:
            raise BreachesUnavailableError("too_large") from error
        except MalformedAnswerError as error:
            raise BreachesUnavailableError("malformed") from error
        if answer.status != _OK:
            raise BreachesUnavailableError("status")
        return _read_range(answer.body)

    def _note_fault(self, reason: str) -> None:
        before, self._circuit = self._circuit, self._circuit.after_fault(self._steady())
        if self._circuit.pause is not None and self._circuit is not before:
            report(BreachCircuitOpened(reason=reason, seconds=self._circuit.pause.total_seconds()))

    def _note_answer(self) -> None:
        if self._circuit.is_open:
            report(BreachCircuitClosed())
        self._circuit = self._circuit.after_answer()


class BreachFile:
    """Searches a text file of digests: one a line, in ascending order, as its publisher's downloader writes it.

    The file is opened for each search, so that a newer one can replace it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def contains(self, password: str) -> bool:
        """Return whether the password is in the file. Raises ``BreachesUnavailableError``."""
        return await asyncio.to_thread(self._search, _digest_of(password))

    def check(self) -> None:
        """Search the file for its own first line. Raises ``BreachesUnavailableError`` if that fails."""
        try:
            with self._path.open("rb") as file:
                first = _read_line(file)
        except OSError as error:
            raise BreachesUnavailableError("unreadable") from error
        if not self._search(first):
            raise BreachesUnavailableError("malformed")

    def _search(self, digest: str) -> bool:
        try:
            with self._path.open("rb") as file:
                return _is_listed(file, digest)
        except OSError as error:
            raise BreachesUnavailableError("unreadable") from error


def _digest_of(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def _read_range(body: bytes) -> dict[str, int]:
    text = body.decode("latin-1")
    if not _RANGE.fullmatch(text):
        raise BreachesUnavailableError("malformed")
    return {rest: int(count) for rest, _, count in (line.partition(":") for line in text.split())}


def _is_listed(file: BinaryIO, digest: str) -> bool:
    """Search by bisection. The digest's line, if there is one, begins at ``low`` or after it, and before ``high``."""
    low, high = 0, file.seek(0, os.SEEK_END)
    while low < high:
        middle = (low + high) // 2
        file.seek(max(low, middle - 1))
        if middle > low:
            # Skip to the first line that begins at `middle` or after it.
            file.readline(_LONGEST_LINE)
        if file.tell() >= high:
            high = middle
            continue
        found = _read_line(file)
        if found == digest:
            return True
        low, high = (file.tell(), high) if found < digest else (low, middle)
    return False


def _read_line(file: BinaryIO) -> str:
    match = _LINE.fullmatch(file.readline(_LONGEST_LINE))
    if match is None:
        raise BreachesUnavailableError("malformed")
    return match[1].decode().upper()
