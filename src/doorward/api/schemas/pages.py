"""Pagination of responses with lists."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from doorward.core.pages import MAXIMUM_PAGE_SIZE, Page, Slice

PageSize = Annotated[int, Field(ge=1, le=MAXIMUM_PAGE_SIZE)]


class Pagination(BaseModel):
    """The position of a numbered page in its list."""

    page: int
    page_size: int
    total_items: int
    total_pages: int

    @classmethod
    def of(cls, page: Page[Any]) -> Self:
        """Return the pagination of a page."""
        return cls(
            page=page.request.page,
            page_size=page.request.page_size,
            total_items=page.total,
            total_pages=page.total_pages,
        )


class CursorPagination(BaseModel):
    """The position in a list. ``next_cursor`` is null at its end."""

    page_size: int
    next_cursor: str | None

    @classmethod
    def of(cls, part: Slice[Any]) -> Self:
        """Return the pagination of a part of a list."""
        return cls(page_size=part.page_size, next_cursor=part.next_cursor)
