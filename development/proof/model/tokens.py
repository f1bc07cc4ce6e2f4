"""Tokens as their holders have them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class MailedToken:
    """The token of a mailed link, the moment from which it is refused, and the number of its key."""

    text: str
    until: datetime
    key: int


@dataclass(frozen=True)
class RefreshText:
    """A refresh token, and the number of the key that encoded it."""

    text: str
    key: int


@dataclass(frozen=True)
class Access:
    """An access token, the moment from which it is refused, and the number of its key, or None for a signing key."""

    text: str
    until: int
    key: int | None


@dataclass(frozen=True)
class RememberedDevice:
    """A device token, the epoch and the moment until which it replaces a second factor, and the number of its key."""

    text: str
    epoch: int
    until: datetime
    key: int
