"""Addresses in answers: Link headers of lists (RFC 8288), and what Location headers begin with."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request

from doorward.core.pages import MAXIMUM_OFFSET, Page, Slice


def page_links(request: Request, page: Page[object]) -> Mapping[str, str]:
    """Return the header for a numbered page; no link leads to a page that would be refused."""
    number, size = page.request.page, page.request.page_size
    last = max(1, min(page.total_pages, MAXIMUM_OFFSET // size + 1))
    targets = {"first": 1, "prev": min(number - 1, last), "next": number + 1, "last": last}
    return _header(request, "page", {name: str(target) for name, target in targets.items() if 1 <= target <= last})


def slice_links(request: Request, part: Slice[object]) -> Mapping[str, str]:
    """Return the header for the items behind a cursor."""
    return _header(request, "after", {"first": "", **({"next": part.next_cursor} if part.next_cursor else {})})


def own_address(request: Request, path: str) -> str:
    """Return the address of a path of the API as clients see it, relative to the host."""
    return f"{request.scope.get('root_path', '')}{path}"


def _header(request: Request, parameter: str, targets: Mapping[str, str]) -> Mapping[str, str]:
    """Links are relative to the host: the service need not know by which name it was called."""
    path = request.scope["path"]
    queries = {name: urlencode({**request.query_params, parameter: target}) for name, target in targets.items()}
    return {"Link": ", ".join(f'<{path}?{query}>; rel="{name}"' for name, query in queries.items())}
