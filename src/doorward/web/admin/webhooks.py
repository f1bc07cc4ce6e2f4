"""The pages of webhooks: the list, and each webhook with its event types and its delivery state."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from doorward.api.administration_services import WebhookServices
from doorward.api.schemas.webhooks import ReplayBody
from doorward.api.services import Services
from doorward.api.v1.admin import outbox, webhooks
from doorward.core.ports import LimitedCall
from doorward.domain.administration.models import Actor
from doorward.domain.auth.callers import Caller
from doorward.domain.webhooks.exceptions import InvalidReplayRangeError, WebhookNotFoundError
from doorward.domain.webhooks.models import Changes, Endpoint, EndpointContent, EndpointWithSecret
from doorward.web.admin.forms import ReplayForm, WebhookContentForm, WebhookForm
from doorward.web.admin.pages import (
    AdminForm,
    AdminPageBase,
    NavigationEntry,
    OneTimePage,
    RowPage,
    access_of,
    read_names,
    secret_page,
    version_test,
)
from doorward.web.forms import AdminPage
from doorward.web.own.formatting import in_utc, read_id, shown_day, shown_moment
from doorward.web.own.pages import FormResult, PageContext

_ACCESS: Final = access_of(webhooks.POLICY)


class WebhooksPage(AdminPageBase):
    """The list of webhooks, oldest first."""

    name = AdminPage.WEBHOOKS
    title = "webhooks.title"
    access = _ACCESS

    def is_offered(self, caller: Caller, services: Services) -> bool:
        """Return whether the navigation links to it: only if the settings enable webhooks."""
        return services.outgoing.webhooks is not None and super().is_offered(caller, services)

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return all webhooks. Raises ``WebhooksNotEnabledError``."""
        hooks = await webhooks.enabled_webhooks(context.services)
        return {
            "webhooks": [_shown(each) for each in await hooks.management.list()],
            "webhook": {"url": "", "description": "", "types": (), "is_enabled": True},
        }


class WebhookPage(RowPage):
    """One webhook."""

    name = AdminPage.WEBHOOK
    access = _ACCESS

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the webhook. Raises ``WebhooksNotEnabledError`` and ``WebhookNotFoundError``."""
        hooks = await webhooks.enabled_webhooks(context.services)
        endpoint = await hooks.management.get(read_id(self.key, WebhookNotFoundError), lambda _: True)
        return {
            "webhook": _shown(endpoint),
            "has_dead_letters": access_of(outbox.POLICY).scope in context.caller.scopes,
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


async def _hooks(context: PageContext) -> WebhookServices:
    return await webhooks.enabled_webhooks(context.services)


async def _create(context: PageContext, form: WebhookContentForm) -> OneTimePage:
    """Add a webhook, and show its secret."""
    hooks = await _hooks(context)
    return _made(await hooks.management.create(Actor(context.caller), _content(form)), "webhook_created")


async def _change(context: PageContext, form: WebhookContentForm) -> FormResult:
    """Change a webhook, if its version is still the one on the page."""
    webhook_id, hooks = read_id(form.webhook_id, WebhookNotFoundError), await _hooks(context)
    changes = _changes(_content(form))
    await hooks.management.update(Actor(context.caller), webhook_id, changes, version_test(form.version))
    return FormResult("webhook_changed")


async def _rotate(context: PageContext, form: WebhookForm) -> OneTimePage:
    """Give a webhook a new secret, if its version is still the one on the page."""
    webhook_id, hooks = read_id(form.webhook_id, WebhookNotFoundError), await _hooks(context)
    made = await hooks.management.rotate_secret(Actor(context.caller), webhook_id, version_test(form.version))
    return _made(made, "webhook_secret")


def _made(made: EndpointWithSecret, what: str) -> OneTimePage:
    key = str(made.endpoint.id)
    return secret_page(what, made.endpoint.url, key, made.secret, WebhookPage(key))


async def _delete(context: PageContext, form: WebhookForm) -> FormResult:
    """Delete a webhook with its messages, if its version is still the one on the page."""
    webhook_id, hooks = read_id(form.webhook_id, WebhookNotFoundError), await _hooks(context)
    await hooks.management.delete(Actor(context.caller), webhook_id, version_test(form.version))
    return FormResult("webhook_deleted", page=WebhooksPage())


async def _test(context: PageContext, form: WebhookForm) -> OneTimePage:
    """Send a message of type ``webhook.test`` now, and show the result."""
    hooks = await _hooks(context)
    result = await hooks.test.send(read_id(form.webhook_id, WebhookNotFoundError))
    values = {"result": result, "page": WebhookPage(form.webhook_id)}
    if result.is_delivered:
        return OneTimePage("admin_webhook_test", values, done="webhook_tested")
    return OneTimePage("admin_webhook_test", values, refusal=str(context.texts("webhooks.not_taken")))


async def _replay(context: PageContext, form: ReplayForm) -> FormResult:
    """Send past events again."""
    webhook_id, hooks = read_id(form.webhook_id, WebhookNotFoundError), await _hooks(context)
    try:
        times = ReplayBody.model_validate({"since": in_utc(form.since), "until": in_utc(form.until)})
    except ValidationError as error:
        raise InvalidReplayRangeError from error
    stored = await hooks.replay.run(Actor(context.caller), webhook_id, since=times.since, until=times.until)
    return FormResult("webhook_replayed" if stored else "webhook_replayed_none")


def _page(form: WebhookForm) -> WebhookPage:
    return WebhookPage(form.webhook_id)


NAVIGATION_ENTRY: Final = NavigationEntry(
    WebhooksPage(),
    pages=(WebhookPage(),),
    forms=(
        AdminForm("create-webhook", _ACCESS, WebhookContentForm, _create, lambda _: WebhooksPage()),
        AdminForm("change-webhook", _ACCESS, WebhookContentForm, _change, _page),
        AdminForm("rotate-webhook-secret", _ACCESS, WebhookForm, _rotate, _page),
        AdminForm("test-webhook", access_of(webhooks.LIMITED), WebhookForm, _test, _page, LimitedCall.WEBHOOKS),
        AdminForm("replay-webhook", access_of(webhooks.LIMITED), ReplayForm, _replay, _page, LimitedCall.WEBHOOKS),
        AdminForm("delete-webhook", _ACCESS, WebhookForm, _delete, _page),
    ),
)
