"""What the forms of administration act on: each is made anew, with the page that has the form, and its fields."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

from doorward.domain.administration.models import OPERATOR
from doorward.domain.oauth.models import ClientContent
from tests.integration.administration.administrator import stored
from tests.integration.service import Service
from tests.integration.web.admin.administrators import USERS, page_of, role_of
from tests.integration.web.visitor import verified

Target = tuple[str, dict[str, str]]


async def new_client(service: Service, auth_method: str = "client_secret_basic", name: str = "Nightly report") -> str:
    """Add a client for itself, or without a secret one for people; return its id."""
    content = ClientContent(name, scopes=("reports:read",))
    if auth_method == "none":
        address = ("https://films.example/callback",)
        content = ClientContent(name, "none", grant_types=("authorization_code",), redirect_uris=address)
    made = await service.app.state.services.oauth.clients.create(None, content)
    client_id: str = made.client.client_id
    return client_id


async def _of_a_user(service: Service) -> Target:
    target = await verified(service)
    return page_of(target), {"user_id": target.id, "version": str(stored(service, target)["version"])}


async def _of_users(_: Service) -> Target:
    fields = {
        "email": f"{uuid4().hex}@example.com",
        "username": f"u{uuid4().hex[:20]}",
        "password": "four random words so",
    }
    return USERS, fields


async def _of_a_role(service: Service) -> Target:
    name = role_of(service)
    return f"/admin/role?name={name}", {"name": name, "version": "1"}


async def _of_roles(_: Service) -> Target:
    return "/admin/roles", {"name": f"r{uuid4().hex[:20]}"}


async def _of_invitations(service: Service) -> Target:
    email = f"{uuid4().hex}@example.com"
    invitations = service.app.state.services.administration.invitations
    made = await invitations.create(OPERATOR, email, is_mailed=False)
    return "/admin/invitations", {"email": email, "invitation_id": str(made.invitation.id)}


async def _of_a_client(service: Service) -> Target:
    client_id = await new_client(service)
    fields = {"name": "Nightly report", "client_credentials": "true"}
    return f"/admin/client?id={client_id}", {"client_id": client_id, "version": "1", **fields}


async def _of_clients(_: Service) -> Target:
    return "/admin/clients", {"name": "Report", "auth_method": "client_secret_post", "client_credentials": "true"}


TARGETS: Final[dict[str, Callable[[Service], Awaitable[Target]]]] = {
    "/admin/create-user": _of_users,
    "/admin/create-role": _of_roles,
    "/admin/change-role": _of_a_role,
    "/admin/delete-role": _of_a_role,
    "/admin/invite": _of_invitations,
    "/admin/revoke-invitation": _of_invitations,
    "/admin/create-client": _of_clients,
    "/admin/change-client": _of_a_client,
    "/admin/rotate-client-secret": _of_a_client,
    "/admin/disable-client": _of_a_client,
    "/admin/enable-client": _of_a_client,
    "/admin/delete-client": _of_a_client,
}
"""Those that act on no user."""

ROWS_SHOWN: Final = {"/admin/role": "?name=support", "/admin/client": "?id=doorward"}
"""Which row a page is opened with."""


async def target_of(service: Service, path: str) -> Target:
    """Return the page that has a form, and what to send: for a user, unless it acts on something else."""
    return await TARGETS.get(path, _of_a_user)(service)
