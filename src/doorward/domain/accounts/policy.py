"""The rules of accounts as pure decisions, and how much mail one address gets."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from doorward.domain.accounts.exceptions import StaleAccountError
from doorward.domain.accounts.models import MailLimits

VersionTest = Callable[[int], bool]
"""Tells whether a caller expects a version of the account."""

MAIL_LIMITS: Final = MailLimits(
    kind_limit=1, kind_window=timedelta(minutes=1), day_limit=10, day_window=timedelta(days=1)
)
"""Of each origin by itself: what strangers cause does not count against the owner."""


def check_version(version: int, is_expected: VersionTest) -> None:
    """Raise ``StaleAccountError`` unless the caller expects this version."""
    if not is_expected(version):
        raise StaleAccountError
