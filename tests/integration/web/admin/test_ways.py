"""Navigation to administration: from the own account, through the sign-in, and between its pages."""

import re

import pytest

from tests.integration.administration.administrator import give
from tests.integration.service import Service
from tests.integration.statements import statements_of
from tests.integration.web.admin.administrators import REFUSED, administrator, role_of
from tests.integration.web.visitor import LOGIN, Visitor, verified

OVERVIEW = "/account/overview"
WAY = 'href="../admin"'


async def test_the_navigation_links_only_to_pages_that_the_roles_allow(office: Service) -> None:
    roles = {
        ("auditor",): {"users", "roles", "invitations", "audit"},
        ("support",): {"users", "roles", "invitations"},
        ("admin",): {"users", "roles", "invitations", "clients", "webhooks", "dead-letters", "audit"},
        (role_of(office, "admin:clients:write"),): {"clients"},
    }
    for given, places in roles.items():
        visitor = await administrator(office, *given, at=f"/admin/{min(places)}")
        assert visitor.page is not None
        assert set(re.findall(r'href="../admin/([a-z-]+)"', visitor.page.answer.text)) == places


async def test_the_own_account_links_administrators_to_their_first_allowed_page(office: Service) -> None:
    for scopes, title in (((), ""), (("admin:audit:read",), "Audit log"), (("admin:users:read",), "Users")):
        visitor = await administrator(office, role_of(office, *scopes), at=OVERVIEW)
        assert visitor.page is not None
        assert (WAY in visitor.page.answer.text) == bool(title)
        shown = await visitor.open("/admin")
        assert (shown.title, shown.status) == ((title, 200) if title else (REFUSED, 403))


async def test_the_front_page_of_administration_requires_a_sign_in(office: Service) -> None:
    visitor = Visitor(office, await verified(office))
    shown = await visitor.open("/admin")
    assert (shown.title, shown.form("sign-in").fields["next"]) == (LOGIN, "/admin/users")


async def test_account_pages_of_users_without_roles_need_no_additional_query(
    office: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(office, await verified(office))
    await visitor.sign_in(OVERVIEW)
    without = await statements_of(visitor.http.get(OVERVIEW), monkeypatch)
    await give(office, visitor.person, "admin")
    found = await statements_of(visitor.http.get(OVERVIEW), monkeypatch)
    assert (found, WAY in (await visitor.open(OVERVIEW)).answer.text) == (without + 1, True)
    await give(office, visitor.person)
    assert WAY not in (await visitor.open(OVERVIEW)).answer.text


@pytest.mark.parametrize(
    "path",
    ["/admin/roles", "/admin/role?name=support", "/admin/client?id=doorward", "/admin/dead-letters", "/admin/audit"],
)
async def test_a_page_leads_to_the_sign_in_and_back(office: Service, path: str) -> None:
    visitor = Visitor(office, await verified(office))
    await give(office, visitor.person, "admin")
    shown = await visitor.open(path)
    assert (shown.title, shown.form("sign-in").fields["next"]) == (LOGIN, path)
    shown = await visitor.sign_in(path)
    assert (shown.status, str(shown.answer.url).endswith(path)) == (200, True)


async def test_an_unknown_next_path_is_dropped_at_the_sign_in(office: Service) -> None:
    for path in ("/admin/role?name=a&next=//evil.example", "/admin/nothing", "/admin/client?id=", "/admin/user?id=a/b"):
        visitor = Visitor(office, await verified(office))
        await visitor.open(f"/account/sign-in?next={path.replace('?', '%3F').replace('&', '%26')}")
        assert visitor.page is not None
        assert visitor.page.form("sign-in").fields["next"] == ""
