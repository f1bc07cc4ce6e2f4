"""Addresses in responses: Link fields of lists (RFC 8288), and paths for Location fields."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request

from doorward.core.pages import MAXIMUM_OFFSET, Page, Slice


def page_links(request: Request, page: Page[object]) -> Mapping[str, str]:
    """Return the Link field of a numbered page, without links to pages that would be refused."""
    number, size = page.request.page, page.request.page_size
    last = max(1, min(page.total_pages, MAXIMUM_OFFSET // size + 1))
    targets = {"first": 1, "prev": min(number - 1, last), "next": number + 1, "last": last}
    return _header(request, "page", {name: str(target) for name, target in targets.items() if 1 <= target <= last})


def slice_links(request: Request, part: Slice[object]) -> Mapping[str, str]:
    """Return the Link field of a list that is paged by cursor."""
    return _header(request, "after", {"first": "", **({"next": part.next_cursor} if part.next_cursor else {})})


def own_address(request: Request, path: str) -> str:
    """Return the path with the public prefix, relative to the host."""
    return f"{request.scope.get('root_path', '')}{path}"


def _header(request: Request, parameter: str, targets: Mapping[str, str]) -> Mapping[str, str]:
    """Return the field with links relative to the host, so that the service need not know its public host name."""
    path = request.scope["path"]
    queries = {name: urlencode({**request.query_params, parameter: target}) for name, target in targets.items()}
    return {"Link": ", ".join(f'<{path}?{query}>; rel="{name}"' for name, query in queries.items())}
