"""Bodies and query parameters of the items calls. The domain holds the rules; bounds here only end nonsense early."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from doorward.api.schemas.pages import CursorPagination, Pagination
from doorward.api.schemas.problem import FieldError
from doorward.api.schemas.requests import RequestBody
from doorward.core.pages import DEFAULT_PAGE_SIZE, MAXIMUM_PAGE_SIZE
from doorward.domain.items.models import Owner, Sort, Visibility

MAXIMUM_QUERY_LENGTH = 300
MAXIMUM_CURSOR_LENGTH = 4096
MAXIMUM_COLUMN_MAP_LENGTH = 2000

_FORBID_EXTRA = ConfigDict(extra="forbid", hide_input_in_errors=True)
_Tags = Annotated[
    list[str], Field(max_length=1000, description="At most 20, of 1 to 50 characters.", examples=[["drama", "classic"]])
]
_Title = Annotated[str, Field(description="1 to 300 characters.", examples=["Casablanca"])]
_Description = Annotated[str, Field(description="At most 10,000 characters.")]
_Visibility = Annotated[Visibility, Field(description="`private`: for its owner. `shared`: for every signed-in user.")]
_Year = Annotated[int | None, Field(ge=1, le=9999, examples=[1942])]
_YearNumber = Annotated[_Year, Field(strict=True)]
"""In a body: no text, and no ``true`` for the year 1."""

_PageNumber = Annotated[int, Field(ge=1)]
_PageSize = Annotated[int, Field(ge=1, le=MAXIMUM_PAGE_SIZE)]
_Tag = Annotated[str | None, Field(max_length=MAXIMUM_QUERY_LENGTH, description="Items that have exactly this tag.")]


class ItemBody(RequestBody):
    """An item's whole content. Left out, description and tags are empty, the year is null, visibility is `private`."""

    title: _Title
    description: _Description = ""
    tags: _Tags = Field(default_factory=list)
    year: _YearNumber = None
    visibility: _Visibility = "private"


class ItemPatch(ItemBody):
    """The fields to change (RFC 7396). What is left out stays; ``null`` takes the year away."""

    # Never used: only the members that were sent are read.
    title: _Title = ""


class ItemListParameters(BaseModel):
    """Which items, in which order, which part of the list."""

    model_config = _FORBID_EXTRA

    page: _PageNumber | None = Field(None, description="Number of the page, from 1. Not together with `after`.")
    page_size: _PageSize = DEFAULT_PAGE_SIZE
    after: str | None = Field(
        None,
        max_length=MAXIMUM_CURSOR_LENGTH,
        description="Go on behind this cursor (empty: begin). Costs the same at any depth, and counts no totals.",
    )
    title: str | None = Field(
        None, max_length=MAXIMUM_QUERY_LENGTH, description="A part of the title; case and accents do not matter."
    )
    tag: _Tag = None
    year: _Year = None
    owner: Owner = Field("all", description="`me`: your own items. `all`: also those that others share.")
    sort: Sort = Field("-created_at", description="Newest first unless said otherwise; a minus turns an order round.")

    @model_validator(mode="after")
    def _one_way_of_paging(self) -> Self:
        if self.page is not None and self.after is not None:
            raise ValueError("send page or after, not both")
        return self


class ItemSearchParameters(BaseModel):
    """What to look for."""

    model_config = _FORBID_EXTRA

    q: str = Field(min_length=1, max_length=MAXIMUM_QUERY_LENGTH, description="Words; each may be the start of one.")
    tag: _Tag = None
    year: _Year = None
    page: _PageNumber = 1
    page_size: _PageSize = DEFAULT_PAGE_SIZE


class ItemImportParameters(BaseModel):
    """How to take a file."""

    model_config = _FORBID_EXTRA

    on_error: Literal["abort", "skip"] = Field(
        "abort", description="`abort`: one bad line and nothing is stored. `skip`: bad lines are left out and listed."
    )
    visibility: Visibility = Field("private", description="Of the lines that say nothing of theirs.")
    columns: str = Field(
        "",
        max_length=MAXIMUM_COLUMN_MAP_LENGTH,
        description="Which columns of the file are which fields: `Name:title,Published:year`.",
        examples=["Name:title,Published:year,ISBN:external_id"],
    )


class ItemResponse(BaseModel):
    """An item. ``version`` is what its ETag says."""

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
    """A numbered page."""

    items: list[ItemResponse]
    pagination: Pagination


class ItemSliceResponse(BaseModel):
    """The items behind a cursor."""

    items: list[ItemResponse]
    pagination: CursorPagination


class ItemImportResponse(BaseModel):
    """What became of the file's lines. Each is counted once."""

    imported: int = Field(description="Lines that became new items.")
    updated: int = Field(description="Lines that changed the item with their foreign id.")
    unchanged: int = Field(description="Lines that said nothing new, or whose foreign id a later line has.")
    skipped: int = Field(description="Lines that were left out. `errors` has each.")
    errors: list[FieldError]
    unused_columns: list[str] = Field(description="Columns of the file that are no field of an item.")
