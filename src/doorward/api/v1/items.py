"""Routes for items."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response

from doorward.api.bodies import JsonBody, MergePatchBody
from doorward.api.caller import CurrentAnyCaller, CurrentOwner
from doorward.api.conditional import NOT_MODIFIED, change_precondition, entity_tag, is_unchanged, read_precondition
from doorward.api.exceptions import UploadTooSlowError
from doorward.api.links import own_address, page_links, slice_links
from doorward.api.policy import MAXIMUM_UPLOAD_BYTES, Cache, NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints, field_error
from doorward.api.routing import Call
from doorward.api.schemas.items import (
    ItemBody,
    ItemImportParameters,
    ItemImportResponse,
    ItemListParameters,
    ItemPageResponse,
    ItemPatch,
    ItemResponse,
    ItemSearchParameters,
    ItemSliceResponse,
)
from doorward.api.schemas.pages import CursorPagination, Pagination
from doorward.api.services import CurrentServices
from doorward.api.uploads import CsvBody
from doorward.core.exceptions import InputError
from doorward.core.pages import Page, PageRequest
from doorward.core.ports import LimitedCall
from doorward.domain.auth.exceptions import OwnerRequiredError
from doorward.domain.auth.scopes import ResourceScope
from doorward.domain.items.exceptions import (
    ImportRefusedError,
    InvalidCsvHeaderError,
    InvalidTitleError,
    ItemNotFoundError,
    ItemQuotaReachedError,
    ItemVersionsExhaustedError,
    NoSearchWordsError,
    NotItemOwnerError,
    QueryTooBroadError,
    StaleItemError,
)
from doorward.domain.items.importing import ImportRequest, input_error_of
from doorward.domain.items.models import Item, ItemContent, ItemFilter, ItemQuery
from doorward.domain.items.reading.columns import read_column_map
from doorward.domain.items.reading.files import FileOptions

TAG: Final = "items"
LIST: Final = "/api/v1/items"
ITEM: Final = "/api/v1/items/{item_id:uuid}"
READ: Final = NeedsScope(ResourceScope.ITEMS_READ)
WRITE: Final = NeedsScope(ResourceScope.ITEMS_WRITE)
READ_POLICY: Final = RoutePolicy(READ, cache=Cache.PRIVATE)
LIST_POLICY: Final = RoutePolicy(READ, cache=Cache.PRIVATE, is_compressed=True)
WRITE_POLICY: Final = RoutePolicy(WRITE, cache=Cache.PRIVATE)
IMPORT_POLICY: Final = RoutePolicy(
    WRITE, cache=Cache.PRIVATE, body_limit=MAXIMUM_UPLOAD_BYTES, limit_of_user=LimitedCall.IMPORT
)
HTTP_HINTS: Final[HttpHints] = {
    ItemNotFoundError: "List them: GET /api/v1/items.",
    StaleItemError: "Read it again and repeat the call with its new ETag.",
    NoSearchWordsError: "Send letters or digits: q=star wars.",
    QueryTooBroadError: "Narrow it with longer words and more filters, or use after= for pages.",
    InvalidCsvHeaderError: "Send columns=Name:title, with the name that the file has.",
    ImportRefusedError: "errors lists the first of them. Correct them, or leave them out with on_error=skip.",
}

IMPORT_EXAMPLE: Final = "title,tags,year\nThe Third Man,drama|noir,1949\n"

_REFUSALS_OF_CONTENT: Final = (OwnerRequiredError, ItemQuotaReachedError, InvalidTitleError)
_REFUSALS_OF_CHANGE: Final = (
    OwnerRequiredError,
    NotItemOwnerError,
    ItemNotFoundError,
    StaleItemError,
    ItemVersionsExhaustedError,
)
_REFUSALS_OF_REPLACING: Final = tuple(dict.fromkeys((*_REFUSALS_OF_CHANGE, *_REFUSALS_OF_CONTENT)))
_REFUSALS_OF_SEARCH: Final = (NoSearchWordsError, QueryTooBroadError)
_REFUSED_FILE: Final = ImportRefusedError([InputError("line/3", InvalidTitleError.code, InvalidTitleError.detail)])


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call("POST", LIST, create_item, WRITE_POLICY, tag=TAG, status=201, refusals=_REFUSALS_OF_CONTENT),
        Call("GET", LIST, list_items, LIST_POLICY, tag=TAG),
        Call("GET", f"{LIST}/search", search_items, LIST_POLICY, tag=TAG, refusals=_REFUSALS_OF_SEARCH),
        Call(
            "POST",
            f"{LIST}/import",
            import_items,
            IMPORT_POLICY,
            tag=TAG,
            refusals=(_REFUSED_FILE, OwnerRequiredError, ItemQuotaReachedError, UploadTooSlowError),
            body_example={"example": IMPORT_EXAMPLE},
        ),
        Call(
            "GET",
            ITEM,
            read_item,
            READ_POLICY,
            tag=TAG,
            answer=ItemResponse,
            refusals=(ItemNotFoundError, StaleItemError),
            extra_responses=NOT_MODIFIED,
        ),
        Call("PUT", ITEM, replace_item, WRITE_POLICY, tag=TAG, refusals=_REFUSALS_OF_REPLACING),
        Call("PATCH", ITEM, amend_item, WRITE_POLICY, tag=TAG, refusals=_REFUSALS_OF_REPLACING),
        Call("DELETE", ITEM, delete_item, WRITE_POLICY, tag=TAG, status=204, refusals=_REFUSALS_OF_CHANGE),
    ]


async def create_item(
    owner_id: CurrentOwner, body: JsonBody[ItemBody], services: CurrentServices, request: Request, response: Response
) -> ItemResponse:
    """Add an item to your catalogue."""
    item = await services.items.create(owner_id, _content(body))
    response.headers["Location"] = own_address(request, f"/api/v1/items/{item.id}")
    return _item_response(item, response)


async def list_items(
    parameters: Annotated[ItemListParameters, Query()],
    caller: CurrentAnyCaller,
    services: CurrentServices,
    request: Request,
    response: Response,
) -> ItemPageResponse | ItemSliceResponse:
    """List the items that you can see: by page number with totals, or by cursor (`after`) at a constant cost."""
    item_filter = ItemFilter(title=parameters.title, tag=parameters.tag, year=parameters.year)
    wanted = ItemQuery(reader_id=caller.user_id, owner=parameters.owner, filter=item_filter, sort=parameters.sort)
    if parameters.after is None:
        page = await services.items.list_page(wanted, PageRequest(parameters.page or 1, parameters.page_size))
        response.headers.update(page_links(request, page))
        return _page_response(page)
    part = await services.items.list_after(wanted, parameters.after, parameters.page_size)
    response.headers.update(slice_links(request, part))
    return ItemSliceResponse(
        items=[ItemResponse.model_validate(item) for item in part.entries],
        pagination=CursorPagination.of(part),
    )


async def search_items(
    parameters: Annotated[ItemSearchParameters, Query()],
    caller: CurrentAnyCaller,
    services: CurrentServices,
    request: Request,
    response: Response,
) -> ItemPageResponse:
    """Search items by the words of title and description, best match first. Each word may be a prefix."""
    page = await services.items.search(
        caller.user_id,
        parameters.q,
        ItemFilter(tag=parameters.tag, year=parameters.year),
        PageRequest(parameters.page, parameters.page_size),
    )
    response.headers.update(page_links(request, page))
    return _page_response(page)


async def read_item(
    item_id: UUID, caller: CurrentAnyCaller, services: CurrentServices, request: Request, response: Response
) -> ItemResponse | Response:
    """Read one item; 304 if If-None-Match contains its version, 412 if If-Match does not."""
    item = await services.items.get(caller.user_id, item_id, read_precondition(request))
    if is_unchanged(request, item.version):
        return Response(status_code=304, headers={"ETag": entity_tag(item.version)})
    return _item_response(item, response)


async def replace_item(
    item_id: UUID,
    owner_id: CurrentOwner,
    body: JsonBody[ItemBody],
    services: CurrentServices,
    request: Request,
    response: Response,
) -> ItemResponse:
    """Replace the content of your item. With If-Match only at that version."""
    item = await services.items.replace(owner_id, item_id, _content(body), change_precondition(request))
    return _item_response(item, response)


async def amend_item(
    item_id: UUID,
    owner_id: CurrentOwner,
    body: MergePatchBody[ItemPatch],
    services: CurrentServices,
    request: Request,
    response: Response,
) -> ItemResponse:
    """Change some fields of your item (RFC 7396). With If-Match only at that version."""
    changes: Mapping[str, object] = body.model_dump(exclude_unset=True)
    item = await services.items.update(owner_id, item_id, changes, change_precondition(request))
    return _item_response(item, response)


async def delete_item(item_id: UUID, owner_id: CurrentOwner, services: CurrentServices, request: Request) -> None:
    """Delete your item. With If-Match only at that version."""
    await services.items.delete(owner_id, item_id, change_precondition(request))


async def import_items(
    parameters: Annotated[ItemImportParameters, Query()],
    owner_id: CurrentOwner,
    file: CsvBody,
    services: CurrentServices,
) -> ItemImportResponse:
    """Add the items of a CSV file, or update those of an earlier import.

    The first line has the names of the columns: `title` and any of `description,tags,year,visibility,external_id`; or
    `movieId,title,genres`. With an external id (`movieId` or `external_id`), a file can be imported again.
    """
    options = FileOptions(visibility=parameters.visibility, columns=read_column_map(parameters.columns))
    request = ImportRequest(owner_id, options, skip_bad_lines=parameters.on_error == "skip")
    result = await services.item_import.run(file, request)
    return ItemImportResponse(
        imported=result.imported,
        updated=result.updated,
        unchanged=result.unchanged,
        skipped=len(result.bad_lines),
        errors=[field_error(input_error_of(line)) for line in result.bad_lines],
        unused_columns=list(result.unused_columns),
    )


def _content(body: ItemBody) -> ItemContent:
    return ItemContent(**body.model_dump())


def _item_response(item: Item, response: Response) -> ItemResponse:
    response.headers["ETag"] = entity_tag(item.version)
    return ItemResponse.model_validate(item)


def _page_response(page: Page[Item]) -> ItemPageResponse:
    return ItemPageResponse(
        items=[ItemResponse.model_validate(item) for item in page.entries],
        pagination=Pagination.of(page),
    )
