"""How much mail one address gets."""

from datetime import timedelta
from typing import Final

from doorward.domain.accounts.models import MailLimits

MAIL_LIMITS: Final = MailLimits(
    kind_limit=1, kind_window=timedelta(minutes=1), day_limit=10, day_window=timedelta(days=1)
)
"""Of each origin by itself: what strangers cause does not count against the owner."""
