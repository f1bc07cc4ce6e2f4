"""Bodies and query parameters of the routes for items.

The domain checks the rules. The limits here only refuse absurd values early.
"""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from doorward.api.schemas.pages import CursorPagination, PageSize, Pagination
from doorward.api.schemas.problem import FieldError
from doorward.api.schemas.requests import QueryParameters, RequestBody
from doorward.core.pages import DEFAULT_PAGE_SIZE
from doorward.domain.items.models import Owner, Sort, Visibility

MAXIMUM_QUERY_LENGTH = 300
MAXIMUM_CURSOR_LENGTH = 4096
MAXIMUM_COLUMN_MAP_LENGTH = 2000

_Tags = Annotated[
    list[str], Field(max_length=1000, description="At most 20, of 1 to 50 characters.", examples=[["drama", "classic"]])
]
_Title = Annotated[str, Field(description="1 to 300 characters.", examples=["Casablanca"])]
_Description = Annotated[str, Field(description="At most 10,000 characters.")]
_Visibility = Annotated[
    Visibility, Field(description="`private`: visible to its owner. `shared`: visible to every signed-in user.")
]
_Year = Annotated[int | None, Field(ge=1, le=9999, examples=[1942])]
_YearNumber = Annotated[_Year, Field(strict=True)]
"""Strict: in a body, a text is refused, and so is ``true``, which would become the year 1."""

_PageNumber = Annotated[int, Field(ge=1)]
_Tag = Annotated[str | None, Field(max_length=MAXIMUM_QUERY_LENGTH, description="Items with exactly this tag.")]


class ItemBody(RequestBody):
    """The whole content of an item. Defaults: empty description, no tags, no year, visibility `private`."""

    title: _Title
    description: _Description = ""
    tags: _Tags = Field(default_factory=list)
    year: _YearNumber = None
    visibility: _Visibility = "private"


class ItemPatch(ItemBody):
    """Changes to an item (RFC 7396). Members that are left out stay unchanged; ``null`` removes the year."""

    # The default is never used: only members that were sent are read.
    title: _Title = ""


class ItemListParameters(QueryParameters):
    """Filters for items, the order, and the part of the list."""

    page: _PageNumber | None = Field(None, description="Number of the page, from 1. Not together with `after`.")
    page_size: PageSize = DEFAULT_PAGE_SIZE
    after: str | None = Field(
        None,
        max_length=MAXIMUM_CURSOR_LENGTH,
        description="Continue after this cursor (empty: start). Costs the same at any depth, and counts no totals.",
    )
    title: str | None = Field(
        None, max_length=MAXIMUM_QUERY_LENGTH, description="A part of the title, ignoring case and accents."
    )
    tag: _Tag = None
    year: _Year = None
    owner: Owner = Field("all", description="`me`: your own items. `all`: also shared items of other users.")
    sort: Sort = Field("-created_at", description="Default: newest first. A minus means descending order.")

    @model_validator(mode="after")
    def _one_way_of_paging(self) -> Self:
        if self.page is not None and self.after is not None:
            raise ValueError("send page or after, not both")
        return self


class ItemSearchParameters(QueryParameters):
    """Search words and filters."""

    q: str = Field(min_length=1, max_length=MAXIMUM_QUERY_LENGTH, description="Words; each may be a prefix.")
    tag: _Tag = None
    year: _Year = None
    page: _PageNumber = 1
    page_size: PageSize = DEFAULT_PAGE_SIZE


class ItemImportParameters(QueryParameters):
    """Options for the import of a file."""

    on_error: Literal["abort", "skip"] = Field(
        "abort", description="`abort`: an invalid line stops the import; nothing is stored. `skip`: it is left out."
    )
    visibility: Visibility = Field("private", description="Default for lines without a visibility.")
    columns: str = Field(
        "",
        max_length=MAXIMUM_COLUMN_MAP_LENGTH,
        description="Mapping of the file's columns to fields: `Name:title,Published:year`.",
        examples=["Name:title,Published:year,ISBN:external_id"],
    )


class ItemResponse(BaseModel):
    """An item. The ETag is its ``version``."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    description: str
    tags: list[str]
    year: int | None
    visibility: Visibility
    owner_id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


class ItemPageResponse(BaseModel):
    """A numbered page of items."""

    items: list[ItemResponse]
    pagination: Pagination


class ItemSliceResponse(BaseModel):
    """The items after a cursor."""

    items: list[ItemResponse]
    pagination: CursorPagination


class ItemImportResponse(BaseModel):
    """The result of the import. Each line of the file is counted once."""

    imported: int = Field(description="Lines that became new items.")
    updated: int = Field(description="Lines that changed the item with their external id.")
    unchanged: int = Field(description="Lines that changed nothing, or whose external id occurs again in a later line.")
    skipped: int = Field(description="Lines that were left out. `errors` lists them.")
    errors: list[FieldError]
    unused_columns: list[str] = Field(description="Columns of the file that are not mapped to a field.")
