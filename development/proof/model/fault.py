"""A fault to be planted in a copy of the product."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Source text before and after the fault, and what an attacker gains by it."""

    path: str
    before: str
    after: str
    attacker_gain: str
    mode: str | None = None
    """The only mode whose walks can find the fault; None for both."""
