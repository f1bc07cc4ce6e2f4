"""Link headers of lists (RFC 8288): where the pages around the one that is sent are."""

from collections.abc import Mapping

from fastapi import Request

from doorward.core.pages import MAXIMUM_OFFSET, Page, Slice


def page_links(request: Request, page: Page[object]) -> Mapping[str, str]:
    """Return the header for a numbered page; no link leads to a page that would be refused."""
    number, size = page.request.page, page.request.page_size
    last = max(1, min(page.total_pages, MAXIMUM_OFFSET // size + 1))
    targets = {"first": 1, "prev": min(number - 1, last), "next": number + 1, "last": last}
    return _header(
        {
            relation: str(request.url.include_query_params(page=target))
            for relation, target in targets.items()
            if 1 <= target <= last
        }
    )


def slice_links(request: Request, part: Slice[object]) -> Mapping[str, str]:
    """Return the header for the items behind a cursor."""
    cursors = {"first": "", "next": part.next_cursor}
    return _header(
        {
            relation: str(request.url.include_query_params(after=cursor))
            for relation, cursor in cursors.items()
            if cursor is not None
        }
    )


def _header(urls: Mapping[str, str]) -> Mapping[str, str]:
    """Links are relative to the host: the service need not know by which name it was called."""
    parts = [f'<{url.partition("://")[2].partition("/")[2]}>; rel="{relation}"' for relation, url in urls.items()]
    return {"Link": ", ".join(part.replace("<", "</", 1) for part in parts)}
