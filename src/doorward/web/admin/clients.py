"""The pages of OAuth clients: the list, and each client with its grants, scopes and authentication method."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, get_args

from doorward.api.v1.admin import clients
from doorward.core.versions import VersionTest
from doorward.domain.auth.callers import Caller
from doorward.domain.oauth.clients import Clients
from doorward.domain.oauth.document_address import is_document_address
from doorward.domain.oauth.models import (
    NO_SECRET,
    PRIVATE_KEY,
    AuthMethod,
    ClientChanges,
    ClientContent,
    ClientWithSecret,
    KeyAlgorithm,
    OAuthClient,
    SharedMethod,
)
from doorward.domain.oauth.policy import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    REFRESH_TOKEN,
    is_built_in,
)
from doorward.web.admin.forms import ClientContentForm, ClientForm
from doorward.web.admin.pages import (
    AdminForm,
    AdminPageBase,
    NavigationEntry,
    OneTimePage,
    RowPage,
    access_of,
    secret_page,
    version_test,
)
from doorward.web.forms import AdminPage
from doorward.web.own.formatting import shown_day, shown_moment
from doorward.web.own.pages import FormResult, PageContext

_ACCESS: Final = access_of(clients.POLICY)
_ALGORITHMS: Final = get_args(KeyAlgorithm)
_GRANT_TYPES: Final[Mapping[str, str]] = {
    "authorization_code": AUTHORIZATION_CODE,
    "client_credentials": CLIENT_CREDENTIALS,
    "device_code": DEVICE_CODE,
    "refresh_token": REFRESH_TOKEN,
}
"""Grant types by their form fields."""


class ClientsPage(AdminPageBase):
    """The list of clients, oldest first."""

    name = AdminPage.CLIENTS
    title = "clients.title"
    access = _ACCESS

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return all clients, and the choices for a new one."""
        return {
            "clients": [
                {"id": each.client_id, "name": each.name, "is_enabled": each.is_enabled, "grants": _grants(each)}
                for each in await context.services.oauth.clients.list()
            ],
            "client": ClientContent(name=""),
            "grants": ["authorization_code"],
            "methods": get_args(SharedMethod),
            "grant_types": list(_GRANT_TYPES),
            "algorithms": _ALGORITHMS,
        }


class ClientPage(RowPage):
    """One client."""

    name = AdminPage.CLIENT
    access = _ACCESS

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the client and its secrets without their values. Raises ``ClientNotFoundError``."""
        details = await context.services.oauth.clients.get(self.key, lambda _: True)
        client = details.client
        return {
            "client": client,
            "is_built_in": is_built_in(client.client_id),
            "has_document": is_document_address(client.client_id),
            "created": shown_day(client.created_at),
            "not_before": shown_moment(client.not_before),
            "grants": _grants(client),
            "methods": _possible_methods(client.auth_method),
            "has_secret": client.auth_method not in {NO_SECRET, PRIVATE_KEY},
            "secrets": [
                (shown_day(each.created_at), "" if each.expires_at is None else shown_moment(each.expires_at))
                for each in details.secrets
            ],
            "grant_types": list(_GRANT_TYPES),
            "algorithms": _ALGORITHMS,
        }


def _grants(client: OAuthClient) -> list[str]:
    """Return the form fields of a client's grant types."""
    return [name for name, grant_type in _GRANT_TYPES.items() if grant_type in client.grant_types]


def _possible_methods(method: AuthMethod) -> list[str]:
    """Return the methods to which a client can change. Only clients with a secret have a choice."""
    if method in {NO_SECRET, PRIVATE_KEY}:
        return [method]
    return [each for each in get_args(SharedMethod) if each != NO_SECRET]


def _content(form: ClientContentForm) -> dict[str, Any]:
    """Return the fields of ``ClientContent`` in a form, changed or not."""
    method = {"auth_method": form.auth_method} if form.auth_method else {}
    return {
        **method,
        "name": form.name,
        "grant_types": form.grant_types,
        "scopes": tuple(form.scopes.split()),
        "resources": tuple(form.resources.split()),
        "redirect_uris": tuple(form.redirect_uris.split()),
        "post_logout_uris": tuple(form.post_logout_uris.split()),
        "id_token_algorithm": form.id_token_algorithm,
        "requires_pushed_requests": form.requires_pushed_requests,
        "backchannel_logout_uri": form.backchannel_logout_uri or None,
    }


def _changes(form: ClientContentForm) -> ClientChanges:
    """Return the changes of a form. The form of the built-in client only has scopes and resources."""
    content = _content(form)
    return {name: content[name] for name in ("scopes", "resources")} if is_built_in(form.client_id) else content


async def _create(context: PageContext, form: ClientContentForm) -> FormResult | OneTimePage:
    """Add a client, and show its secret if it has one."""
    content = ClientContent(**_content(form))
    return _made(await context.services.oauth.clients.create(context.caller, content), "client_created")


async def _change(context: PageContext, form: ClientContentForm) -> FormResult:
    """Change a client, if its version is still the one on the page."""
    administered = context.services.oauth.clients
    await administered.update(context.caller, form.client_id, _changes(form), version_test(form.version))
    return FormResult("client_changed")


async def _rotate(context: PageContext, form: ClientForm) -> FormResult | OneTimePage:
    """Give a client a new secret, if its version is still the one on the page."""
    administered = context.services.oauth.clients
    made = await administered.rotate_secret(context.caller, form.client_id, version_test(form.version))
    return _made(made, "client_secret")


def _made(made: ClientWithSecret, what: str) -> FormResult | OneTimePage:
    page = ClientPage(made.client.client_id)
    if made.secret is None:
        return FormResult(what, page=page)
    return secret_page(what, made.client.name, made.client.client_id, made.secret, page)


def _action(
    name: str,
    action: Callable[[Clients, Caller, str, VersionTest], Awaitable[object]],
    done: str,
    page: AdminPageBase | None = None,
) -> AdminForm[ClientForm]:
    async def act(context: PageContext, form: ClientForm) -> FormResult:
        await action(context.services.oauth.clients, context.caller, form.client_id, version_test(form.version))
        return FormResult(done, page=page)

    return AdminForm(name, _ACCESS, ClientForm, act, _page)


def _page(form: ClientForm) -> ClientPage:
    return ClientPage(form.client_id)


NAVIGATION_ENTRY: Final = NavigationEntry(
    ClientsPage(),
    pages=(ClientPage(),),
    forms=(
        AdminForm("create-client", _ACCESS, ClientContentForm, _create, lambda _: ClientsPage()),
        AdminForm("change-client", _ACCESS, ClientContentForm, _change, _page),
        AdminForm("rotate-client-secret", _ACCESS, ClientForm, _rotate, _page),
        _action("disable-client", Clients.disable, "client_disabled"),
        _action("enable-client", Clients.enable, "client_enabled"),
        _action("delete-client", Clients.delete, "client_deleted", ClientsPage()),
    ),
)
