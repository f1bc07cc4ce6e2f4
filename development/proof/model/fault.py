"""A fault that is planted in a copy of the product."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One line, before and after, and what an attacker would have of it."""

    path: str
    before: str
    after: str
    gain: str
    mode: str | None = None
    """The only mode whose walks can show it; None for both."""
