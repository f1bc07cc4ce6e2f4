"""Objects on which the administration forms act: each is new, with the page of the form, and its fields."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

from doorward.domain.administration.models import OPERATOR
from doorward.domain.oauth.models import ClientContent
from doorward.domain.webhooks.models import EndpointContent
from tests.integration.administration.administrator import stored
from tests.integration.service import Service
from tests.integration.web.admin.administrators import USERS, page_of, role_of
from tests.integration.web.visitor import verified

NOT_THERE: Final = "http://127.0.0.1:9/hook"
"""No server listens on this port."""
Target = tuple[str, dict[str, str]]


async def new_client(service: Service, auth_method: str = "client_secret_basic", name: str = "Nightly report") -> str:
    """Add a client: with a secret one for itself, without a secret one for users; return its id."""
    content = ClientContent(name, scopes=("reports:read",))
    if auth_method == "none":
        address = ("https://films.example/callback",)
        content = ClientContent(name, "none", grant_types=("authorization_code",), redirect_uris=address)
    made = await service.app.state.services.oauth.clients.create(None, content)
    client_id: str = made.client.client_id
    return client_id


async def _user_target(service: Service) -> Target:
    target = await verified(service)
    return page_of(target), {"user_id": target.id, "version": str(stored(service, target)["version"])}


async def _new_user_target(_: Service) -> Target:
    fields = {
        "email": f"{uuid4().hex}@example.com",
        "username": f"u{uuid4().hex[:20]}",
        "password": "four random words so",
    }
    return USERS, fields


async def _role_target(service: Service) -> Target:
    name = role_of(service)
    return f"/admin/role?name={name}", {"name": name, "version": "1"}


async def _new_role_target(_: Service) -> Target:
    return "/admin/roles", {"name": f"r{uuid4().hex[:20]}"}


async def _invitation_target(service: Service) -> Target:
    email = f"{uuid4().hex}@example.com"
    invitations = service.app.state.services.administration.invitations
    made = await invitations.create(OPERATOR, email, is_mailed=False)
    return "/admin/invitations", {"email": email, "invitation_id": str(made.invitation.id)}


async def _client_target(service: Service) -> Target:
    client_id = await new_client(service)
    fields = {"name": "Nightly report", "client_credentials": "true"}
    return f"/admin/client?id={client_id}", {"client_id": client_id, "version": "1", **fields}


async def _new_client_target(_: Service) -> Target:
    return "/admin/clients", {"name": "Report", "auth_method": "client_secret_post", "client_credentials": "true"}


async def new_webhook(service: Service, url: str = NOT_THERE, description: str = "") -> str:
    """Add a webhook for events of one type; return its id."""
    content = EndpointContent(url, description, ("user.deleted",))
    made = await service.app.state.services.outgoing.webhooks.management.create(OPERATOR, content)
    return str(made.endpoint.id)


def new_dead_letter(service: Service, webhook_id: str, content: bytes = b"{}") -> int:
    """Store a dead letter of a webhook; return its number."""
    (row,) = service.sql(
        "INSERT INTO outbox (message_id, channel, kind, payload, endpoint, dead_reason, died_at, attempts)"
        " VALUES (%s, 'webhook', 'user.registered', %s, %s, 'status_500', now(), 10) RETURNING id",
        *(uuid4(), content, webhook_id),
    )
    number: int = row["id"]
    return number


async def _new_webhook_target(_: Service) -> Target:
    return "/admin/webhooks", {"url": NOT_THERE, "is_enabled": "true"}


async def _webhook_target(service: Service) -> Target:
    webhook_id = await new_webhook(service)
    times = {"since": "2020-01-01T00:00", "until": "2020-01-02T00:00"}
    fields = {"webhook_id": webhook_id, "version": "1", "url": NOT_THERE, **times}
    return f"/admin/webhook?id={webhook_id}", fields


async def _dead_letter_target(service: Service) -> Target:
    webhook_id = await new_webhook(service)
    fields = {"message_id": str(new_dead_letter(service, webhook_id)), "webhook_id": webhook_id}
    return f"/admin/dead-letters?webhook_id={webhook_id}", fields


TARGETS: Final[dict[str, Callable[[Service], Awaitable[Target]]]] = {
    "/admin/create-user": _new_user_target,
    "/admin/create-role": _new_role_target,
    "/admin/change-role": _role_target,
    "/admin/delete-role": _role_target,
    "/admin/invite": _invitation_target,
    "/admin/revoke-invitation": _invitation_target,
    "/admin/create-client": _new_client_target,
    "/admin/change-client": _client_target,
    "/admin/rotate-client-secret": _client_target,
    "/admin/disable-client": _client_target,
    "/admin/enable-client": _client_target,
    "/admin/delete-client": _client_target,
    "/admin/create-webhook": _new_webhook_target,
    "/admin/change-webhook": _webhook_target,
    "/admin/rotate-webhook-secret": _webhook_target,
    "/admin/test-webhook": _webhook_target,
    "/admin/replay-webhook": _webhook_target,
    "/admin/delete-webhook": _webhook_target,
    "/admin/retry-dead-letter": _dead_letter_target,
    "/admin/retry-dead-letters": _dead_letter_target,
}
"""The targets of forms that do not act on a user."""


async def shown_with(service: Service, path: str, user_id: str) -> str:
    """Return the URL of a page, with the query for an object if it shows one."""
    if path == "/admin/webhook":
        return f"{path}?id={await new_webhook(service)}"
    rows = {"/admin/user": f"?id={user_id}", "/admin/role": "?name=support", "/admin/client": "?id=doorward"}
    return f"{path}{rows.get(path, '')}"


async def target_of(service: Service, path: str) -> Target:
    """Return the page of a form, and the fields to send: for a user, unless it acts on something else."""
    return await TARGETS.get(path, _user_target)(service)
