"""The pages of webhooks: the list, and each webhook with its event types and its delivery state."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from doorward.api.schemas.webhooks import ReplayBody
from doorward.api.services import Services, WebhookServices
from doorward.api.v1.admin import outbox, webhooks
from doorward.core.ports import LimitedCall
from doorward.domain.administration.models import Actor
from doorward.domain.auth.callers import Caller
from doorward.domain.webhooks.exceptions import InvalidReplayRangeError, WebhookNotFoundError
from doorward.domain.webhooks.models import Changes, Endpoint, EndpointContent, EndpointWithSecret
from doorward.web.admin.forms import ReplayForm, WebhookContentForm, WebhookForm
from doorward.web.admin.visits import (
    AdminPageOf,
    FormOf,
    PageOfOne,
    Place,
    Shown,
    access_of,
    is_version,
    read_names,
    shown_secret,
)
from doorward.web.forms import AdminPage
from doorward.web.own.visits import Done, Visit
from doorward.web.own.words import in_utc, read_id, shown_day, shown_moment

_ACCESS: Final = access_of(webhooks.POLICY)


class WebhooksPage(AdminPageOf):
    """The list of webhooks, oldest first."""

    name = AdminPage.WEBHOOKS
    title = "webhooks.title"
    access = _ACCESS

    def is_offered(self, caller: Caller, services: Services) -> bool:
        """Return whether the navigation links to it: only if the settings enable webhooks."""
        return services.outgoing.webhooks is not None and super().is_offered(caller, services)

    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return all webhooks. Raises ``WebhooksNotEnabledError``."""
        hooks = await webhooks.enabled_webhooks(visit.services)
        return {
            "webhooks": [_shown(each) for each in await hooks.management.list()],
            "webhook": {"url": "", "description": "", "types": (), "is_enabled": True},
        }


class WebhookPage(PageOfOne):
    """One webhook."""

    name = AdminPage.WEBHOOK
    access = _ACCESS

    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return the webhook. Raises ``WebhooksNotEnabledError`` and ``WebhookNotFoundError``."""
        hooks = await webhooks.enabled_webhooks(visit.services)
        endpoint = await hooks.management.get(read_id(self.key, WebhookNotFoundError), lambda _: True)
        return {
            "webhook": _shown(endpoint),
            "has_dead_letters": access_of(outbox.POLICY).scope in visit.caller.scopes,
        }


def _shown(endpoint: Endpoint) -> Mapping[str, object]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "types": endpoint.types or (),
        "is_enabled": endpoint.is_enabled,
        "reason": endpoint.disabled_reason or "",
        "failing": "" if endpoint.failing_since is None else shown_moment(endpoint.failing_since),
        "created": shown_day(endpoint.created_at),
        "version": endpoint.version,
    }


def _content(form: WebhookContentForm) -> EndpointContent:
    """Return the content of a webhook in a form. Without types it gets events of all types."""
    types = tuple(read_names(form.types)) or None
    return EndpointContent(form.url, form.description, types, form.is_enabled)


def _changes(content: EndpointContent) -> Changes:
    return {
        "url": content.url,
        "description": content.description,
        "types": content.types,
        "is_enabled": content.is_enabled,
    }


async def _hooks(visit: Visit) -> WebhookServices:
    return await webhooks.enabled_webhooks(visit.services)


async def _create(visit: Visit, form: WebhookContentForm) -> Shown:
    """Add a webhook, and show its secret."""
    hooks = await _hooks(visit)
    return _made(await hooks.management.create(Actor(visit.caller), _content(form)), "webhook_created")


async def _change(visit: Visit, form: WebhookContentForm) -> Done:
    """Change a webhook, if its version is still the one on the page."""
    webhook_id, hooks = read_id(form.webhook_id, WebhookNotFoundError), await _hooks(visit)
    changes = _changes(_content(form))
    await hooks.management.update(Actor(visit.caller), webhook_id, changes, is_version(form.version))
    return Done("webhook_changed")


async def _rotate(visit: Visit, form: WebhookForm) -> Shown:
    """Give a webhook a new secret, if its version is still the one on the page."""
    webhook_id, hooks = read_id(form.webhook_id, WebhookNotFoundError), await _hooks(visit)
    made = await hooks.management.rotate_secret(Actor(visit.caller), webhook_id, is_version(form.version))
    return _made(made, "webhook_secret")


def _made(made: EndpointWithSecret, what: str) -> Shown:
    key = str(made.endpoint.id)
    return shown_secret(what, made.endpoint.url, key, made.secret, WebhookPage(key))


async def _delete(visit: Visit, form: WebhookForm) -> Done:
    """Delete a webhook with its messages, if its version is still the one on the page."""
    webhook_id, hooks = read_id(form.webhook_id, WebhookNotFoundError), await _hooks(visit)
    await hooks.management.delete(Actor(visit.caller), webhook_id, is_version(form.version))
    return Done("webhook_deleted", page=WebhooksPage())


async def _test(visit: Visit, form: WebhookForm) -> Shown:
    """Send a message of type ``webhook.test`` now, and show the result."""
    hooks = await _hooks(visit)
    result = await hooks.test.send(read_id(form.webhook_id, WebhookNotFoundError))
    words = {"result": result, "page": WebhookPage(form.webhook_id)}
    if result.is_delivered:
        return Shown("admin_webhook_test", words, done="webhook_tested")
    return Shown("admin_webhook_test", words, refusal=str(visit.texts("webhooks.not_taken")))


async def _replay(visit: Visit, form: ReplayForm) -> Done:
    """Send past events again."""
    webhook_id, hooks = read_id(form.webhook_id, WebhookNotFoundError), await _hooks(visit)
    try:
        times = ReplayBody.model_validate({"since": in_utc(form.since), "until": in_utc(form.until)})
    except ValidationError as error:
        raise InvalidReplayRangeError from error
    stored = await hooks.replay.run(Actor(visit.caller), webhook_id, since=times.since, until=times.until)
    return Done("webhook_replayed" if stored else "webhook_replayed_none")


def _page(form: WebhookForm) -> WebhookPage:
    return WebhookPage(form.webhook_id)


PLACE: Final = Place(
    WebhooksPage(),
    pages=(WebhookPage(),),
    forms=(
        FormOf("create-webhook", _ACCESS, WebhookContentForm, _create, lambda _: WebhooksPage()),
        FormOf("change-webhook", _ACCESS, WebhookContentForm, _change, _page),
        FormOf("rotate-webhook-secret", _ACCESS, WebhookForm, _rotate, _page),
        FormOf("test-webhook", access_of(webhooks.LIMITED), WebhookForm, _test, _page, LimitedCall.WEBHOOKS),
        FormOf("replay-webhook", access_of(webhooks.LIMITED), ReplayForm, _replay, _page, LimitedCall.WEBHOOKS),
        FormOf("delete-webhook", _ACCESS, WebhookForm, _delete, _page),
    ),
)
