"""Tokens as those have them who were given them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class MailedToken:
    """A token of a mailed link, the moment from which it is refused, and the number of its key."""

    text: str
    until: datetime
    key: int


@dataclass(frozen=True)
class RefreshText:
    """A refresh token as a client has it, and the number of the key that it was written under."""

    text: str
    key: int


@dataclass(frozen=True)
class Access:
    """An access token, the moment from which it is refused, and the number of its key, None for a signing key."""

    text: str
    until: int
    key: int | None


@dataclass(frozen=True)
class RememberedDevice:
    """A device token, the epoch and the moment in which it stops to stand in for a second factor, and its key."""

    text: str
    epoch: int
    until: datetime
    key: int
