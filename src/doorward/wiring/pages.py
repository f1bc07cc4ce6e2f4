"""The pages for people. They exist where mail does: its links lead to them, and its extra has what renders them."""

from collections.abc import Sequence

from doorward.api.routing import Call


def create_pages() -> Sequence[Call]:
    """Return the calls of the pages. Raises ``ImportError`` without the extra ``doorward[mail]``."""
    from doorward.web import account_pages, joining_pages  # noqa: PLC0415 - an extra

    return [*account_pages.calls(), *joining_pages.calls()]
