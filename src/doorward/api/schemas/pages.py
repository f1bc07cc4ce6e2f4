"""What the answers with lists say of the part that they hold."""

from typing import Any, Self

from pydantic import BaseModel

from doorward.core.pages import Page, Slice


class Pagination(BaseModel):
    """Where in a numbered list the page is."""

    page: int
    page_size: int
    total_items: int
    total_pages: int

    @classmethod
    def of(cls, page: Page[Any]) -> Self:
        """Describe this page."""
        return cls(
            page=page.request.page,
            page_size=page.request.page_size,
            total_items=page.total,
            total_pages=page.total_pages,
        )


class CursorPagination(BaseModel):
    """How a list goes on. ``next_cursor`` is null at its end."""

    page_size: int
    next_cursor: str | None

    @classmethod
    def of(cls, part: Slice[Any]) -> Self:
        """Describe this part."""
        return cls(page_size=part.page_size, next_cursor=part.next_cursor)
