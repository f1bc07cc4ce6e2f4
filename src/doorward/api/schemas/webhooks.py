"""Bodies of the admin routes for webhooks and the outbox."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from doorward.api.schemas.pages import CursorPagination
from doorward.api.schemas.requests import QueryParameters, RequestBody
from doorward.core.pages import DEFAULT_PAGE_SIZE, MAXIMUM_PAGE_SIZE

_Url = Annotated[
    str,
    Field(
        max_length=4000,
        description="https, or http if WEBHOOK_NETWORKS allows its network.",
        examples=["https://shop.example.com/hooks/doorward"],
    ),
]
_Description = Annotated[str, Field(max_length=1000, examples=["The shop's customers"])]
_Types = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(
        max_length=200,
        description="Types of events: docs/events.md. Null or left out: all types, including those of later versions.",
        examples=[["user.registered", "user.deleted"]],
    ),
]
_Enabled = Annotated[bool, Field(strict=True, description="Default: true.")]


class WebhookBody(RequestBody):
    """A webhook to add."""

    url: _Url
    description: _Description = ""
    types: _Types | None = None
    is_enabled: _Enabled = True


class WebhookPatch(RequestBody):
    """Changes to a webhook (RFC 7396). Members that are left out stay unchanged; null for `types` means all."""

    # The defaults are never used: only members that were sent are read.
    url: _Url = ""
    description: _Description = ""
    types: _Types | None = None
    is_enabled: _Enabled = True


class ReplayBody(RequestBody):
    """The events to send again: at or after `since`, before `until`."""

    since: AwareDatetime = Field(examples=["2026-03-01T00:00:00Z"])
    until: AwareDatetime = Field(examples=["2026-03-02T00:00:00Z"])


class WebhookResponse(BaseModel):
    """A webhook. The ETag is its ``version``."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    url: str
    description: str
    types: list[str] | None = Field(description="Null: all types.")
    is_enabled: bool
    disabled_at: datetime | None
    disabled_reason: str | None = Field(
        description="`operator`: disabled by an administrator. `gone`: it answered 410. `failing`: all deliveries "
        "failed for five days."
    )
    failing_since: datetime | None = Field(description="The first failure since the last successful delivery.")
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookSecretResponse(WebhookResponse):
    """A webhook with its secret, which no other route shows."""

    secret: str = Field(examples=["whsec_..."])


class WebhookListResponse(BaseModel):
    """All webhooks, oldest first."""

    webhooks: list[WebhookResponse]


class WebhookTestResponse(BaseModel):
    """The result of a test message. `status` is null without a response, `reason` is null if it was delivered."""

    model_config = ConfigDict(from_attributes=True)

    is_delivered: bool
    status: int | None
    reason: str | None
    seconds: float


class MessagesResponse(BaseModel):
    """The number of messages to be sent again."""

    messages: int


class DeadLetterParameters(QueryParameters):
    """Filters for dead letters, and the part of the list."""

    webhook_id: UUID | None = Field(None, description="Those of one webhook.")
    # Any number of 18 digits fits into PostgreSQL's bigint.
    after: str | None = Field(None, max_length=18, pattern="^[1-9][0-9]*$", description="Continue after this cursor.")
    page_size: Annotated[int, Field(ge=1, le=MAXIMUM_PAGE_SIZE)] = DEFAULT_PAGE_SIZE


class RetryBody(RequestBody):
    """The webhook whose dead letters to retry."""

    webhook_id: UUID


class DeadLetterResponse(BaseModel):
    """A message whose delivery was given up. Its content is not shown."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    message_id: UUID = Field(description="The message id that its receiver sees.")
    channel: str = Field(description="`mail` or `webhook`.")
    kind: str = Field(description="The kind of the mail, or the type of the event.")
    endpoint: UUID | None = Field(description="The webhook.")
    attempts: int
    reason: str
    is_kept: bool = Field(description="Whether it can be retried. The content of mails is erased.")
    created_at: datetime
    died_at: datetime


class DeadLetterListResponse(BaseModel):
    """Dead letters, newest first."""

    dead_letters: list[DeadLetterResponse]
    pagination: CursorPagination
