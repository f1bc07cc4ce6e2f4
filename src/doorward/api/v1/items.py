"""Items over HTTP: parameters and a body in, one use case, a body out."""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from doorward.api.bodies import CSV, JSON, MERGE_PATCH, CsvBody, documented_body, json_body
from doorward.api.conditional import entity_tag, is_changeable, is_expected, is_unchanged
from doorward.api.dependencies import CurrentUser, use_case
from doorward.api.links import page_links, slice_links
from doorward.api.problems import documented_problems
from doorward.api.schemas.items import (
    ItemBody,
    ItemImportFlaw,
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
from doorward.core.pages import Page, PageRequest
from doorward.domain.items.importing import ImportRequest, ItemImport
from doorward.domain.items.models import Item, ItemContent, ItemFilter, ItemQuery
from doorward.domain.items.service import Items

ItemsUseCase = Annotated[Items, use_case("items")]
ItemImportUseCase = Annotated[ItemImport, use_case("item_import")]
ItemJson = Annotated[ItemBody, json_body(ItemBody)]
ItemPatchJson = Annotated[ItemPatch, json_body(ItemPatch, (JSON, MERGE_PATCH))]
"""In a signature behind the user: nobody else's body is looked at."""

IMPORT_EXAMPLE: Final = "title,tags,year\nThe Third Man,drama|noir,1949\n"


def create_routers() -> list[APIRouter]:
    """Return the calls, each with the statuses it can answer."""
    return [_list_router(), _item_router()]


def _list_router() -> APIRouter:
    router = APIRouter(prefix="/api/v1/items", tags=["items"])
    router.add_api_route(
        "",
        create_item,
        methods=["POST"],
        status_code=201,
        openapi_extra=documented_body(JSON, ItemBody.model_json_schema()),
        responses=documented_problems(401, 403, 413, 415, 422, 429, 503),
    )
    router.add_api_route("", list_items, methods=["GET"], responses=documented_problems(401, 413, 422, 429, 503))
    router.add_api_route(
        "/search", search_items, methods=["GET"], responses=documented_problems(401, 413, 422, 429, 503)
    )
    router.add_api_route(
        "/import",
        import_items,
        methods=["POST"],
        openapi_extra=documented_body(CSV, {"type": "string", "examples": [IMPORT_EXAMPLE]}),
        responses=documented_problems(401, 403, 408, 413, 415, 422, 429, 503),
    )
    return router


def _item_router() -> APIRouter:
    # The whole path: a nested router's prefix would be missing from the route's template in the log and the metrics.
    router = APIRouter(prefix="/api/v1/items/{item_id:uuid}", tags=["items"])
    router.add_api_route(
        "",
        read_item,
        methods=["GET"],
        response_model=ItemResponse,
        responses={**documented_problems(401, 404, 412, 413, 422, 429, 503), 304: {"description": "Not Modified"}},
    )
    router.add_api_route(
        "",
        replace_item,
        methods=["PUT"],
        openapi_extra=documented_body(JSON, ItemBody.model_json_schema()),
        responses=documented_problems(401, 403, 404, 409, 412, 413, 415, 422, 429, 503),
    )
    router.add_api_route(
        "",
        amend_item,
        methods=["PATCH"],
        openapi_extra=documented_body(JSON, ItemPatch.model_json_schema()),
        responses=documented_problems(401, 403, 404, 409, 412, 413, 415, 422, 429, 503),
    )
    router.add_api_route(
        "",
        delete_item,
        methods=["DELETE"],
        status_code=204,
        responses=documented_problems(401, 403, 404, 412, 413, 422, 429, 503),
    )
    return router


async def create_item(user: CurrentUser, body: ItemJson, items: ItemsUseCase, response: Response) -> ItemResponse:
    """Add an item to your catalogue."""
    item = await items.create(user.id, _content(body))
    response.headers["Location"] = f"/api/v1/items/{item.id}"
    return _item_response(item, response)


async def list_items(
    parameters: Annotated[ItemListParameters, Query()],
    user: CurrentUser,
    items: ItemsUseCase,
    request: Request,
    response: Response,
) -> ItemPageResponse | ItemSliceResponse:
    """List the items that you can see: by page number with totals, or with `after` by cursor at a constant cost."""
    narrowed = ItemFilter(title=parameters.title, tag=parameters.tag, year=parameters.year)
    wanted = ItemQuery(reader_id=user.id, owner=parameters.owner, narrowed=narrowed, sort=parameters.sort)
    if parameters.after is None:
        page = await items.list_page(wanted, PageRequest(parameters.page or 1, parameters.page_size))
        response.headers.update(page_links(request, page))
        return _page_response(page)
    part = await items.list_after(wanted, parameters.after, parameters.page_size)
    response.headers.update(slice_links(request, part))
    return ItemSliceResponse(
        items=[ItemResponse.model_validate(item) for item in part.entries],
        pagination=CursorPagination.of(part),
    )


async def search_items(
    parameters: Annotated[ItemSearchParameters, Query()],
    user: CurrentUser,
    items: ItemsUseCase,
    request: Request,
    response: Response,
) -> ItemPageResponse:
    """Find items by the words of title and description, best first. Each word may be the start of one."""
    page = await items.search(
        user.id,
        parameters.q,
        ItemFilter(tag=parameters.tag, year=parameters.year),
        PageRequest(parameters.page, parameters.page_size),
    )
    response.headers.update(page_links(request, page))
    return _page_response(page)


async def read_item(
    item_id: UUID, user: CurrentUser, items: ItemsUseCase, request: Request, response: Response
) -> ItemResponse | Response:
    """Read one item; 304 when If-None-Match names its version, 412 when If-Match does not."""
    item = await items.read(user.id, item_id, is_expected(request))
    if is_unchanged(request, item.version):
        return Response(status_code=304, headers={"ETag": entity_tag(item.version)})
    return _item_response(item, response)


async def replace_item(
    item_id: UUID, user: CurrentUser, body: ItemJson, items: ItemsUseCase, request: Request, response: Response
) -> ItemResponse:
    """Give your item another content. With If-Match only while it is a version named there."""
    item = await items.replace(user.id, item_id, _content(body), is_changeable(request))
    return _item_response(item, response)


async def amend_item(
    item_id: UUID, user: CurrentUser, body: ItemPatchJson, items: ItemsUseCase, request: Request, response: Response
) -> ItemResponse:
    """Change some fields of your item (RFC 7396). With If-Match only while it is a version named there."""
    changes: Mapping[str, object] = body.model_dump(exclude_unset=True)
    item = await items.amend(user.id, item_id, changes, is_changeable(request))
    return _item_response(item, response)


async def delete_item(item_id: UUID, user: CurrentUser, items: ItemsUseCase, request: Request) -> None:
    """Delete your item. With If-Match only while it is a version named there."""
    await items.remove(user.id, item_id, is_changeable(request))


async def import_items(
    parameters: Annotated[ItemImportParameters, Query()],
    user: CurrentUser,
    file: CsvBody,
    item_import: ItemImportUseCase,
) -> ItemImportResponse:
    """Add the items of a CSV file: `title` and any of `description,tags,year,visibility`; or `movieId,title,genres`."""
    result = await item_import.run(
        file,
        ImportRequest(owner_id=user.id, visibility=parameters.visibility, skip_bad_lines=parameters.on_error == "skip"),
    )
    errors = [
        ItemImportFlaw(line=line.number, code=line.error.code, detail=line.error.detail) for line in result.bad_lines
    ]
    return ItemImportResponse(imported=result.imported, skipped=len(errors), errors=errors)


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
