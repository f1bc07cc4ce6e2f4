"""Routes for the dead letters of the outbox."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Query

from doorward.api.bodies import JsonBody
from doorward.api.caller import CurrentCaller
from doorward.api.policy import NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.pages import CursorPagination
from doorward.api.schemas.webhooks import (
    DeadLetterListResponse,
    DeadLetterParameters,
    DeadLetterResponse,
    MessagesResponse,
    RetryBody,
)
from doorward.api.services import CurrentServices, Services
from doorward.api.v1.admin.addresses import ADMIN, TAG
from doorward.core.pages import Slice
from doorward.domain.administration.exceptions import BeyondOwnScopesError
from doorward.domain.administration.models import Actor
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.webhooks.exceptions import DeadLetterNotFoundError, WebhookDisabledError, WebhookNotFoundError
from doorward.domain.webhooks.models import DeadLetter

OUTBOX: Final = f"{ADMIN}/outbox"
POLICY: Final = RoutePolicy(NeedsScope(AdminScope.OUTBOX_WRITE))
HTTP_HINTS: Final[HttpHints] = {DeadLetterNotFoundError: "List them: GET /api/v1/admin/outbox."}


def calls() -> Sequence[Call]:
    """Return the routes."""
    of_webhook = (WebhookNotFoundError, WebhookDisabledError, BeyondOwnScopesError)
    return [
        Call("GET", OUTBOX, list_dead_letters, POLICY, tag=TAG),
        Call("POST", f"{OUTBOX}/retry", retry_dead_letters, POLICY, tag=TAG, status=202, refusals=of_webhook),
        Call(
            "POST",
            f"{OUTBOX}/{{message_id:int}}/retry",
            retry_dead_letter,
            POLICY,
            tag=TAG,
            status=204,
            refusals=(DeadLetterNotFoundError, *of_webhook),
        ),
    ]


async def list_dead_letters(
    parameters: Annotated[DeadLetterParameters, Query()], services: CurrentServices
) -> DeadLetterListResponse:
    """List messages whose delivery was given up, newest first. They are kept for 14 days."""
    part = await part_of_dead_letters(parameters, services)
    return DeadLetterListResponse(
        dead_letters=[DeadLetterResponse.model_validate(each) for each in part.entries],
        pagination=CursorPagination.of(part),
    )


async def part_of_dead_letters(parameters: DeadLetterParameters, services: Services) -> Slice[DeadLetter]:
    """Return a part of the list. The cursor is the id of the last message of the previous part."""
    before = None if parameters.after is None else int(parameters.after)
    found = await services.outgoing.dead_letters.list(
        endpoint_id=parameters.webhook_id, before=before, limit=parameters.page_size + 1
    )
    shown = found[: parameters.page_size]
    next_cursor = str(shown[-1].id) if len(found) > parameters.page_size else None
    return Slice(shown, parameters.page_size, next_cursor)


async def retry_dead_letters(
    caller: CurrentCaller, body: JsonBody[RetryBody], services: CurrentServices
) -> MessagesResponse:
    """Retry all dead letters of a webhook, each with the full retry schedule."""
    return MessagesResponse(messages=await services.outgoing.dead_letters.retry_all(Actor(caller), body.webhook_id))


async def retry_dead_letter(message_id: int, caller: CurrentCaller, services: CurrentServices) -> None:
    """Retry one dead letter of a webhook with the full retry schedule."""
    await services.outgoing.dead_letters.retry(Actor(caller), message_id)
