"""Routes for webhooks."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Request, Response

from doorward.api.administration_services import WebhookServices
from doorward.api.bodies import JsonBody, MergePatchBody
from doorward.api.caller import CurrentCaller
from doorward.api.conditional import NOT_MODIFIED, change_precondition, entity_tag, is_unchanged, read_precondition
from doorward.api.links import own_address
from doorward.api.policy import NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.webhooks import (
    MessagesResponse,
    ReplayBody,
    WebhookBody,
    WebhookListResponse,
    WebhookPatch,
    WebhookResponse,
    WebhookSecretResponse,
    WebhookTestResponse,
)
from doorward.api.services import CurrentServices
from doorward.api.v1.admin.addresses import ADMIN, TAG
from doorward.core.ports import LimitedCall
from doorward.domain.administration.exceptions import BeyondOwnScopesError
from doorward.domain.administration.models import Actor
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.webhooks.exceptions import (
    InvalidReplayRangeError,
    InvalidWebhookDescriptionError,
    InvalidWebhookUrlError,
    ReplayTooLargeError,
    StaleWebhookError,
    TooManyWebhooksError,
    UnknownEventTypeError,
    WebhookAddressRefusedError,
    WebhookDisabledError,
    WebhookNotFoundError,
    WebhooksNotEnabledError,
)
from doorward.domain.webhooks.models import Endpoint, EndpointContent, EndpointWithSecret

LIST: Final = f"{ADMIN}/webhooks"
WEBHOOK: Final = f"{LIST}/{{webhook_id:uuid}}"
POLICY: Final = RoutePolicy(NeedsScope(AdminScope.WEBHOOKS_WRITE))
LIMITED: Final = RoutePolicy(NeedsScope(AdminScope.WEBHOOKS_WRITE), limit_of_address=LimitedCall.WEBHOOKS)
HTTP_HINTS: Final[HttpHints] = {
    WebhookNotFoundError: "List them: GET /api/v1/admin/webhooks.",
    StaleWebhookError: "Read it again and repeat the call with its new ETag.",
    WebhookDisabledError: "Enable it: PATCH it with is_enabled=true.",
    ReplayTooLargeError: "Replay shorter times, one after the other.",
}

_OF_CONTENT: Final = (
    InvalidWebhookUrlError,
    WebhookAddressRefusedError,
    InvalidWebhookDescriptionError,
    UnknownEventTypeError,
)
_OF_ONE: Final = (WebhooksNotEnabledError, WebhookNotFoundError)
_OF_CHANGE: Final = (*_OF_ONE, StaleWebhookError, BeyondOwnScopesError)


def calls() -> Sequence[Call]:
    """Return the routes."""
    of_replay = (WebhookDisabledError, InvalidReplayRangeError, ReplayTooLargeError, BeyondOwnScopesError)
    of_new = (WebhooksNotEnabledError, TooManyWebhooksError, BeyondOwnScopesError, *_OF_CONTENT)
    return [
        Call("GET", LIST, list_webhooks, POLICY, tag=TAG, refusals=(WebhooksNotEnabledError,)),
        Call("POST", LIST, create_webhook, POLICY, tag=TAG, status=201, refusals=of_new),
        Call(
            "GET",
            WEBHOOK,
            get_webhook,
            POLICY,
            tag=TAG,
            answer=WebhookResponse,
            refusals=(*_OF_ONE, StaleWebhookError),
            extra_responses=NOT_MODIFIED,
        ),
        Call("PATCH", WEBHOOK, update_webhook, POLICY, tag=TAG, refusals=(*_OF_CHANGE, *_OF_CONTENT)),
        Call("DELETE", WEBHOOK, delete_webhook, POLICY, tag=TAG, status=204, refusals=_OF_CHANGE),
        Call("POST", f"{WEBHOOK}/rotate-secret", rotate_webhook_secret, POLICY, tag=TAG, refusals=_OF_CHANGE),
        Call("POST", f"{WEBHOOK}/test", test_webhook, LIMITED, tag=TAG, refusals=_OF_ONE),
        Call(
            "POST", f"{WEBHOOK}/replay", replay_webhook, LIMITED, tag=TAG, status=202, refusals=(*_OF_ONE, *of_replay)
        ),
    ]


async def enabled_webhooks(services: CurrentServices) -> WebhookServices:
    """Return the use cases of webhooks. Raises ``WebhooksNotEnabledError``."""
    if services.outgoing.webhooks is None:
        raise WebhooksNotEnabledError
    return services.outgoing.webhooks


CurrentWebhooks = Annotated[WebhookServices, Depends(enabled_webhooks)]


async def list_webhooks(hooks: CurrentWebhooks) -> WebhookListResponse:
    """List the webhooks without their secrets."""
    return WebhookListResponse(
        webhooks=[WebhookResponse.model_validate(each) for each in await hooks.management.list()]
    )


async def create_webhook(
    caller: CurrentCaller, body: JsonBody[WebhookBody], hooks: CurrentWebhooks, request: Request, response: Response
) -> WebhookSecretResponse:
    """Add a webhook. The response has its secret, which is shown only once."""
    types = None if body.types is None else tuple(body.types)
    content = EndpointContent(body.url, body.description, types, body.is_enabled)
    made = await hooks.management.create(Actor(caller), content)
    response.headers["Location"] = own_address(request, f"{LIST}/{made.endpoint.id}")
    return _with_secret(made, response)


async def get_webhook(
    webhook_id: UUID, hooks: CurrentWebhooks, request: Request, response: Response
) -> WebhookResponse | Response:
    """Read one webhook; 304 if If-None-Match contains its version, 412 if If-Match does not."""
    endpoint = await hooks.management.get(webhook_id, read_precondition(request))
    if is_unchanged(request, endpoint.version):
        return Response(status_code=304, headers={"ETag": entity_tag(endpoint.version)})
    return _webhook(endpoint, response)


async def update_webhook(
    webhook_id: UUID,
    caller: CurrentCaller,
    body: MergePatchBody[WebhookPatch],
    hooks: CurrentWebhooks,
    request: Request,
    response: Response,
) -> WebhookResponse:
    """Change a webhook (RFC 7396). If it is disabled, its messages are dropped. With If-Match only at that version."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    if changes.get("types") is not None:
        changes["types"] = tuple(changes["types"])
    endpoint = await hooks.management.update(Actor(caller), webhook_id, changes, change_precondition(request))
    return _webhook(endpoint, response)


async def delete_webhook(webhook_id: UUID, caller: CurrentCaller, hooks: CurrentWebhooks, request: Request) -> None:
    """Delete a webhook with its messages. With If-Match only at that version."""
    await hooks.management.delete(Actor(caller), webhook_id, change_precondition(request))


async def rotate_webhook_secret(
    webhook_id: UUID, caller: CurrentCaller, hooks: CurrentWebhooks, request: Request, response: Response
) -> WebhookSecretResponse:
    """Give a webhook a new secret, shown only once. For 24 hours, messages are also signed with the previous one."""
    made = await hooks.management.rotate_secret(Actor(caller), webhook_id, change_precondition(request))
    return _with_secret(made, response)


async def test_webhook(webhook_id: UUID, hooks: CurrentWebhooks) -> WebhookTestResponse:
    """Send a message of type `webhook.test` now, even to a disabled webhook, and return the result."""
    return WebhookTestResponse.model_validate(await hooks.test.send(webhook_id))


async def replay_webhook(
    webhook_id: UUID, caller: CurrentCaller, body: JsonBody[ReplayBody], hooks: CurrentWebhooks
) -> MessagesResponse:
    """Send past events again with their original ids. Events that are still queued are sent twice."""
    stored = await hooks.replay.run(Actor(caller), webhook_id, since=body.since, until=body.until)
    return MessagesResponse(messages=stored)


def _webhook(endpoint: Endpoint, response: Response) -> WebhookResponse:
    response.headers["ETag"] = entity_tag(endpoint.version)
    return WebhookResponse.model_validate(endpoint)


def _with_secret(made: EndpointWithSecret, response: Response) -> WebhookSecretResponse:
    shown = _webhook(made.endpoint, response)
    return WebhookSecretResponse(**shown.model_dump(), secret=made.secret)
