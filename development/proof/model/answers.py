"""Results of the walks' calls: None stands for any refusal."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from doorward.core.exceptions import DomainError

T = TypeVar("T")


async def answered(call: Coroutine[Any, Any, T]) -> T | None:
    """Return the result of a call, or None for a refusal."""
    try:
        return await call
    except DomainError:
        return None


async def at_once(calls: list[Coroutine[Any, Any, T]]) -> list[T]:
    """Make calls concurrently; return the results of those that were not refused."""
    answers = await asyncio.gather(*(answered(call) for call in calls))
    return [answer for answer in answers if answer is not None]
