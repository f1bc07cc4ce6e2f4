"""Bodies of the calls of administration that concern webhooks and the outbox."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from doorward.api.schemas.pages import CursorPagination
from doorward.api.schemas.requests import RequestBody
from doorward.core.pages import DEFAULT_PAGE_SIZE, MAXIMUM_PAGE_SIZE

_Url = Annotated[
    str,
    Field(
        max_length=4000,
        description="https, or http where WEBHOOK_NETWORKS opens its network.",
        examples=["https://shop.example.com/hooks/doorward"],
    ),
]
_Description = Annotated[str, Field(max_length=1000, examples=["The shop's customers"])]
_Types = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(
        max_length=200,
        description="Types of events: docs/events.md. Null, or left out: all, also those of later versions.",
        examples=[["user.registered", "user.deleted"]],
    ),
]
_Enabled = Annotated[bool, Field(strict=True, description="Left out: true.")]


class WebhookBody(RequestBody):
    """A webhook to add."""

    url: _Url
    description: _Description = ""
    types: _Types | None = None
    is_enabled: _Enabled = True


class WebhookPatch(RequestBody):
    """What to change of a webhook (RFC 7396). What is left out stays; `types` of null are all."""

    # Never used: only the members that were sent are read.
    url: _Url = ""
    description: _Description = ""
    types: _Types | None = None
    is_enabled: _Enabled = True


class ReplayBody(RequestBody):
    """Which events to send again: from `since` on, before `until`."""

    since: AwareDatetime = Field(examples=["2026-03-01T00:00:00Z"])
    until: AwareDatetime = Field(examples=["2026-03-02T00:00:00Z"])


class WebhookResponse(BaseModel):
    """A webhook. ``version`` is what its ETag says."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    url: str
    description: str
    types: list[str] | None = Field(description="Null: all.")
    is_enabled: bool
    disabled_at: datetime | None
    disabled_reason: str | None = Field(
        description="`operator`: an administrator switched it off. `gone`: it answered 410. `failing`: it took nothing "
        "for five days."
    )
    failing_since: datetime | None = Field(description="The first failure since it last took a message.")
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookSecretResponse(WebhookResponse):
    """A webhook with its secret, which no other call shows."""

    secret: str = Field(examples=["whsec_..."])


class WebhookListResponse(BaseModel):
    """All webhooks, the oldest first."""

    webhooks: list[WebhookResponse]


class WebhookTestResponse(BaseModel):
    """What came of a test message. `status` is null without an answer, `reason` when it was taken."""

    model_config = ConfigDict(from_attributes=True)

    is_delivered: bool
    status: int | None
    reason: str | None
    seconds: float


class MessagesResponse(BaseModel):
    """How many messages are to be sent again."""

    messages: int


class DeadLetterParameters(BaseModel):
    """Which dead letters, and which part of the list."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    webhook_id: UUID | None = Field(None, description="Those of one webhook.")
    # 18 digits: PostgreSQL's bigint holds any such number.
    after: str | None = Field(None, max_length=18, pattern="^[1-9][0-9]*$", description="Go on behind this cursor.")
    page_size: Annotated[int, Field(ge=1, le=MAXIMUM_PAGE_SIZE)] = DEFAULT_PAGE_SIZE


class RetryBody(RequestBody):
    """Which dead letters to try again: all of one webhook."""

    webhook_id: UUID


class DeadLetterResponse(BaseModel):
    """A message that is not tried any more. Its content is not shown."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    message_id: UUID = Field(description="What its receiver knows it by.")
    channel: str = Field(description="`mail` or `webhook`.")
    kind: str = Field(description="The kind of the mail, or the type of the event.")
    endpoint: UUID | None = Field(description="The webhook.")
    attempts: int
    reason: str
    is_kept: bool = Field(description="Whether it can be tried again. The content of mails is erased.")
    created_at: datetime
    died_at: datetime


class DeadLetterListResponse(BaseModel):
    """Dead letters, the latest first."""

    dead_letters: list[DeadLetterResponse]
    pagination: CursorPagination
