"""The limits and other state that requests need before a use case runs, built by ``wiring``."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from starlette.types import Scope

from doorward.api.budgets import CallsInFlight, RefusalLog
from doorward.api.draining import Drain
from doorward.api.shared_address import SharedAddressWatch
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, RateLimiter

UPLOAD_SECONDS: Final = 60
"""Timeout for the body of an upload: enough for the largest one at 4.5 Mbit/s."""


@frozen(eq=False)
class EdgeServices:
    """Limits and other state that requests need before a use case runs."""

    calls: CallsInFlight
    refusals: RefusalLog
    limiter: RateLimiter
    clock: Clock
    client_of: Callable[[Scope], str]
    """Returns the canonical address of a request's client."""
    addresses: SharedAddressWatch | None
    """None in development, where all requests come from one machine."""
    drain: Drain
    admin_requires_second_factor: bool
    public_origin: str | None
    """The origin of PUBLIC_URL, which browsers send in ``Origin`` for pages of this service."""
    bulk_slot: Callable[[], AbstractContextManager[None]]
    upload_idle_seconds: float
    upload_seconds: float
