"""The queue of password hashes. Clients with the fewest recent hashes go first."""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Final

from doorward.core.frozen import frozen
from doorward.core.networks import owner_network
from doorward.domain.auth.ports import Client

ADDRESSES_OF_A_NETWORK: Final = 16
"""A network counts as one client once it has had this many times the hashes of one address."""

ADDRESSES_OF_AN_ACCOUNT: Final = 8
"""The same factor for an account: some people log in from several addresses within minutes."""

KNOWN_CLIENT_BONUS: Final = 3
"""Hashes not counted for a client that has sent a correct password before."""

MAXIMUM_KNOWN_CLIENTS: Final = 10_000
MEMORY_SECONDS: Final = 300.0
"""A computed hash counts for its client for at least this long, and at most twice as long."""


@frozen(eq=False)
class WaitingHash:
    """A call that waits for a thread: its client, its work, and the future of its outcome."""

    client: Client
    keys: tuple[str, str, str]
    """The keys under which it is counted: address, network and account."""

    work: Callable[[], Any]
    outcome: asyncio.Future[Any]
    queued_at: float

    @property
    def is_wanted(self) -> bool:
        """Whether the client still waits for the outcome."""
        return not (self.outcome.done() or self.client.has_left())


class HashQueue:
    """The waiting calls, and the number of recent hashes of their clients.

    The load of a call is the number of recent hashes of its address plus the calls of that address that wait in front
    of it, or a share of the same sum for its network or account, if that is more. The call with the lowest load goes
    first; when the queue is full, the one with the highest load is dropped. Whether the account exists has no effect.

    Loads are computed for each decision: there are few waiting calls, and few hashes a second.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._waiting: list[WaitingHash] = []
        self._computed = _RecentCounts(now)
        self._known: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        """Return how many calls wait. Calls of clients that have left count until their turn comes."""
        return len(self._waiting)

    def add(self, call: WaitingHash) -> None:
        """Add a call."""
        self._waiting.append(call)

    def number_of(self, address: str) -> int:
        """Return how many calls of an address wait, without those whose clients have left."""
        return sum(call.client.address == address and call.is_wanted for call in self._waiting)

    def take_next(self) -> WaitingHash | None:
        """Remove and return the call with the lowest load, the oldest of several; None if the queue is empty."""
        if not self._waiting:
            return None
        loads = list(self._loads())
        return self._waiting.pop(loads.index(min(loads)))

    def note_computed(self, call: WaitingHash) -> None:
        """Count a call, whose hash starts now, for its client, its network and its account."""
        self._computed.add(call.keys)

    def drop_most_loaded(self) -> WaitingHash:
        """Remove and return the call with the highest load, the newest of several."""
        loads = list(self._loads())
        loads.reverse()
        return self._waiting.pop(len(loads) - 1 - loads.index(max(loads)))

    def drop_unwanted(self) -> list[WaitingHash]:
        """Remove and return the calls whose clients have left."""
        dropped = [call for call in self._waiting if not call.is_wanted]
        if dropped:
            self._waiting = [call for call in self._waiting if call not in dropped]
        return dropped

    def note_right_password(self, address: str) -> None:
        """Record that a correct password came from this address."""
        self._known[address] = None
        self._known.move_to_end(address)
        if len(self._known) > MAXIMUM_KNOWN_CLIENTS:
            self._known.popitem(last=False)

    def _loads(self) -> Iterator[tuple[float, float]]:
        """Yield the load of each waiting call, and the load of its address, which decides between equal loads."""
        self._computed.forget_old()
        waiting = Counter(key for call in self._waiting for key in call.keys[1:])
        in_front: Counter[str] = Counter()
        for call in self._waiting:
            address, network, account = call.keys
            in_front[address] += 1
            of_address = self._computed[address] + in_front[address]
            if call.client.address in self._known:
                of_address -= KNOWN_CLIENT_BONUS
            of_network = (self._computed[network] + waiting[network]) / ADDRESSES_OF_A_NETWORK
            of_account = (self._computed[account] + waiting[account]) / ADDRESSES_OF_AN_ACCOUNT
            yield max(of_address, of_network, of_account), of_address


class _RecentCounts:
    """Counts how often each key was added in the last minutes.

    Two dicts hold one period each; the older one is dropped when a period ends. Their size is bounded by the number of
    hashes that the processors can compute in that time.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._recent: Counter[str] = Counter()
        self._older: Counter[str] = Counter()
        self._recent_ends_at = now() + MEMORY_SECONDS

    def add(self, keys: tuple[str, ...]) -> None:
        self._recent.update(keys)

    def forget_old(self) -> None:
        now = self._now()
        if now >= self._recent_ends_at:
            is_contiguous = now < self._recent_ends_at + MEMORY_SECONDS
            self._older = self._recent if is_contiguous else Counter()
            self._recent = Counter()
            self._recent_ends_at = now + MEMORY_SECONDS

    def __getitem__(self, key: str) -> int:
        return self._recent[key] + self._older[key]


def waiting_hash(client: Client, account: str, work: Callable[[], Any], outcome: asyncio.Future[Any]) -> WaitingHash:
    """Return a call that starts to wait now."""
    keys = (f"address {client.address}", f"network {owner_network(client.address)}", f"account {account}")
    return WaitingHash(client, keys, work, outcome, time.monotonic())
