"""Bodies and query parameters of the routes for the audit log."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from doorward.api.schemas.administered_users import After, Moment
from doorward.api.schemas.items import MAXIMUM_QUERY_LENGTH
from doorward.api.schemas.pages import CursorPagination, PageSize
from doorward.api.schemas.requests import QueryParameters
from doorward.core.pages import DEFAULT_PAGE_SIZE
from doorward.domain.audit.models import AuditEntry


class UserAuditParameters(QueryParameters):
    """Filters for the entries about a user, newest first."""

    type: str | None = Field(
        None, max_length=MAXIMUM_QUERY_LENGTH, description="The type of the event.", examples=["session.begun"]
    )
    actor: str | None = Field(
        None,
        max_length=MAXIMUM_QUERY_LENGTH,
        description="Who did it: the id of a user, or `operator:` and a user name of the operating system.",
    )
    since: Moment | None = Field(None, description="At this moment or later.")
    until: Moment | None = Field(None, description="Before this moment.")
    after: After = ""
    page_size: PageSize = DEFAULT_PAGE_SIZE


class AuditParameters(UserAuditParameters):
    """Filters for entries, newest first."""

    user_id: UUID | None = Field(None, description="The affected user.")


class AuditEntryResponse(BaseModel):
    """A change with its affected user and its actor. ``data`` has ids, numbers and words from a fixed list."""

    id: int
    type: str
    version: int
    user_id: UUID | None
    actor: str | None
    session_id: UUID | None
    correlation_id: str | None
    occurred_at: datetime
    data: dict[str, Any]
    address: str | None = Field(description="The client's address, as far as CLIENT_ADDRESSES stores it.")

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """Return the body for an entry."""
        return cls(
            id=entry.id,
            type=entry.type,
            version=entry.version,
            user_id=entry.user_id,
            actor=entry.actor,
            session_id=entry.session_id,
            correlation_id=entry.correlation_id,
            occurred_at=entry.occurred_at,
            data=entry.data,
            address=(entry.personal or {}).get("client"),
        )


class AuditListResponse(BaseModel):
    """A part of the audit log."""

    entries: list[AuditEntryResponse]
    pagination: CursorPagination
