"""bcrypt in a bounded pool of low-priority threads, and the decision to replace a hash.

New hashes are ``$bcrypt-sha256$v=2,t=2b,r=12$salt$checksum``: bcrypt of an HMAC-SHA-256 of the whole password keyed
with the salt, the format that passlib published. Hashes of other systems are verified and replaced.
"""

import asyncio
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

import bcrypt

from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.auth.events import StoredHashRefused
from doorward.domain.auth.exceptions import TooManyHashesError
from doorward.domain.auth.ports import NO_CLIENT, Client, ClientLeftError, HashRefusedError, PasswordCheck
from doorward.infrastructure.bcrypt_formats import keyed_digest, read_bcrypt
from doorward.infrastructure.foreign_hashes import ForeignHashes
from doorward.infrastructure.foreign_hashes.bounds import Verify
from doorward.infrastructure.hash_queue import HashQueue, WaitingHash, waiting_hash
from doorward.infrastructure.password_work import NO_HASH, pad_duration, padding_costs
from doorward.observability.events import PasswordHashQueueFull
from doorward.observability.logging import report

T = TypeVar("T")

QUEUED_PER_THREAD: Final = 16
"""Maximum waiting calls for each thread: some four seconds of work at cost 12."""

MINIMUM_CAPACITY: Final = 128
"""Minimum length of the queue, whatever the number of cores. A small attack has fewer addresses."""

LOWEST_PRIORITY: Final = 19
_SALT_LENGTH: Final = 22


class BcryptHasher:
    """Implements the port ``PasswordHasher`` with bcrypt."""

    def __init__(
        self,
        *,
        rounds: int,
        threads: int,
        per_address: int | None = None,
        foreign: ForeignHashes | None = None,
        observe_wait: Callable[[float], object] | None = None,
    ) -> None:
        """Store the cost of new hashes (log2 of the iterations) and the number of threads that compute hashes.

        ``per_address`` limits the calls of one address that wait or are computed at a time; None disables the limit.
        ``foreign`` reads the hashes of other systems that are not made with bcrypt.
        ``observe_wait`` is called with the seconds that each call waited for a thread.
        """
        self._rounds = rounds
        self._padding = padding_costs(rounds)
        self._foreign = foreign or ForeignHashes()
        self._threads = threads
        self._observe_wait = observe_wait
        self._capacity = max(MINIMUM_CAPACITY, threads * (1 + QUEUED_PER_THREAD))
        self._per_address = per_address
        self._queue = HashQueue()
        self._computing: Counter[str] = Counter()
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="bcrypt", initializer=_lower_priority)

    async def hash(self, password: str, *, client: Client = NO_CLIENT, account: str = "") -> str:
        """Return a new hash of the whole password. Raises what ``check`` raises."""
        return await self._run(lambda: _hash(password, self._rounds), client, account)

    async def check(
        self, password: str, stored_hash: str | None, *, client: Client = NO_CLIENT, account: str = ""
    ) -> PasswordCheck:
        """Check a password against a hash. Every failed check costs little more than one hash at the current cost.

        This holds without a stored hash and for a cheaper one, too. Only a stored hash of a higher cost takes longer. A
        check without bcrypt is padded to the duration of one hash at the current cost, and at most 1/64 above it.

        Raises ``ServiceUnavailableError`` when too many calls wait and this one has the most load,
        ``TooManyHashesError`` when too many calls of its address wait, ``ClientLeftError`` when the client has left.
        """
        verify = self._read_foreign(stored_hash)
        if verify is not None:
            work = partial(_check_foreign, password, verify, self._rounds)
        else:
            work = partial(_check, password, stored_hash, self._rounds, self._padding)
        check = await self._run(work, client, account)
        if check.is_correct and client is not NO_CLIENT:
            self._queue.note_right_password(client.address)
        return check

    def _read_foreign(self, stored_hash: str | None) -> Verify | None:
        """Return the verifier of a hash that is not made with bcrypt. A hash above the bounds matches no password."""
        try:
            return self._foreign.read(stored_hash) if stored_hash else None
        except HashRefusedError as error:
            report(StoredHashRefused(reason=error.refusal))
            return None

    def close(self) -> None:
        """Finish the running calls, refuse the waiting ones, and end the threads."""
        while (call := self._queue.take_next()) is not None:
            _fail(call, ServiceUnavailableError())
        self._executor.shutdown(wait=True)

    @property
    def waiting(self) -> int:
        """Return how many calls wait for a thread."""
        return len(self._queue)

    async def _run(self, work: Callable[[], T], client: Client, account: str) -> T:
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._admit(waiting_hash(client, account, work, outcome))
        self._begin_next()
        return await outcome

    def _admit(self, call: WaitingHash) -> None:
        """Queue the call. If the queue is full, drop the call with the highest load, which may be this one."""
        address = call.client.address
        number = self._computing[address] + self._queue.number_of(address)
        if self._per_address is not None and number >= self._per_address:
            raise TooManyHashesError
        self._queue.add(call)
        if self._computing.total() + len(self._queue) <= self._capacity:
            return
        unwanted = self._queue.drop_unwanted()
        for each in unwanted:
            _fail(each, ClientLeftError())
        if not unwanted:
            report(PasswordHashQueueFull(waiting=self._capacity))
            _fail(self._queue.drop_most_loaded(), ServiceUnavailableError())

    def _begin_next(self) -> None:
        while self._computing.total() < self._threads and (call := self._queue.take_next()) is not None:
            if not call.is_wanted:
                _fail(call, ClientLeftError())
                continue
            self._queue.note_computed(call)
            self._computing[call.client.address] += 1
            loop = asyncio.get_running_loop()
            computed = loop.run_in_executor(self._executor, self._work, call.work, call.queued_at)
            computed.add_done_callback(partial(self._finish, call))

    def _work(self, work: Callable[[], T], queued_at: float) -> T:
        if self._observe_wait is not None:
            self._observe_wait(time.monotonic() - queued_at)
        return work()

    def _finish(self, call: WaitingHash, computed: asyncio.Future[Any]) -> None:
        self._computing[call.client.address] -= 1
        if not self._computing[call.client.address]:
            del self._computing[call.client.address]
        error = computed.exception()
        if error is not None:
            _fail(call, error)
        elif not call.outcome.done():
            call.outcome.set_result(computed.result())
        self._begin_next()


def _fail(call: WaitingHash, error: BaseException) -> None:
    """End the call with an error, unless its caller was cancelled."""
    if not call.outcome.done():
        call.outcome.set_exception(error)


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _lower_priority() -> None:
    """Lower the thread's priority, so that requests without a hash go first. Only on Linux, where threads have one."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)


def _hash(password: str, rounds: int) -> str:
    salt = bcrypt.gensalt(rounds).decode()[-_SALT_LENGTH:]
    return f"$bcrypt-sha256$v=2,t=2b,r={rounds}${salt}${_checksum(password, salt, rounds)}"


def _checksum(password: str, salt: str, rounds: int) -> str:
    """Return bcrypt's 31 characters for the keyed digest."""
    return bcrypt.hashpw(keyed_digest(password, salt), f"$2b${rounds:02}${salt}".encode()).decode()[-31:]


def _check(
    password: str, stored_hash: str | None, rounds: int, padding: Mapping[int, tuple[int, ...]]
) -> PasswordCheck:
    stored, is_correct, computed_cost = read_bcrypt(stored_hash or ""), None, NO_HASH
    if stored is not None and stored.is_affordable:
        is_correct = stored.matches(password)
        computed_cost = NO_HASH if is_correct is None else stored.cost
        if is_correct:
            is_outdated = not stored.is_ours or stored.cost < rounds
            return PasswordCheck(is_correct=True, upgraded_hash=_hash(password, rounds) if is_outdated else None)
    # A stored hash of a higher cost than the current one needs no extra hashes.
    for cost in padding.get(computed_cost, ()):
        _hash(password, cost)
    return PasswordCheck(is_correct=False)


def _check_foreign(password: str, verify: Verify, rounds: int) -> PasswordCheck:
    """Check a hash that is not made with bcrypt. The correct password gets a new hash in our format."""
    began = time.perf_counter()
    if verify(password):
        return PasswordCheck(is_correct=True, upgraded_hash=_hash(password, rounds))
    pad_duration(began, rounds, lambda cost: _hash(password, cost))
    return PasswordCheck(is_correct=False)
