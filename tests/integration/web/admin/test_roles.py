"""The pages of roles."""

from uuid import uuid4

import pytest

from development.pages import OWN_SITE
from doorward.domain.auth.scopes import AdminScope
from tests.integration.administration.administrator import give
from tests.integration.service import Service
from tests.integration.web.admin.administrators import administrator, role_of
from tests.integration.web.visitor import verified

ROLES = "/admin/roles"


def new_name() -> str:
    return f"r{uuid4().hex[:20]}"


def stored(office: Service, name: str) -> list[tuple[str, list[str]]]:
    rows = office.sql("SELECT description, scopes FROM roles WHERE name = %s", name)
    return [(row["description"], sorted(row["scopes"])) for row in rows]


async def test_a_role_is_defined_changed_and_deleted(office: Service) -> None:
    admin, name = await administrator(office, "admin", at=ROLES), new_name()
    shown = await admin.fill_in("create-role", {"name": name, "description": "The desk", "admin:users:read": "true"})
    assert (shown.title, "was created" in shown.text, "admin:users:read" in shown.text) == (name, True, True)
    assert stored(office, name) == [("The desk", ["admin:users:read"])]
    shown = await admin.fill_in("change-role", {"description": "The night desk", "admin:audit:read": "true"})
    assert (shown.title, "was changed" in shown.text) == (name, True)
    assert stored(office, name) == [("The night desk", ["admin:audit:read", "admin:users:read"])]
    shown = await admin.send("delete-role")
    assert (shown.title, "was deleted" in shown.text, stored(office, name)) == ("Roles", True, [])
    assert (await admin.open(f"/admin/role?name={name}")).status == 404


async def test_a_role_of_all_scopes_fits_in_a_form(office: Service) -> None:
    admin, name = await administrator(office, "admin", at=ROLES), new_name()
    await admin.fill_in("create-role", {"name": name})
    assert stored(office, name) == [("", [])]
    await admin.fill_in("change-role", {"description": "All", **{str(scope): "true" for scope in AdminScope}})
    assert stored(office, name) == [("All", sorted(AdminScope))]
    # The ticked scopes are ticked again on the next page, and stay granted.
    await admin.fill_in("change-role", {"description": "All of them"})
    assert stored(office, name) == [("All of them", sorted(AdminScope))]


async def test_a_page_of_an_old_version_neither_changes_nor_deletes_a_role(office: Service) -> None:
    name = role_of(office, "admin:users:read")
    first, second = [await administrator(office, "admin", at=f"/admin/role?name={name}") for _ in range(2)]
    await first.send("change-role", description="The first")
    for form in ("change-role", "delete-role"):
        assert second.page is not None
        fields = second.page.form(form).fields | {"version": "1"}
        answer = await second.http.post(f"/admin/{form}", data=fields, headers=OWN_SITE)
        assert (answer.status_code, "has changed since it was read" in answer.text) == (422, True)
    assert stored(office, name) == [("The first", ["admin:users:read"])]


async def test_invalid_changes_of_a_role_show_an_error_message(office: Service) -> None:
    admin, name = await administrator(office, "admin", at=ROLES), role_of(office)
    for typed, words in (({"name": name}, "There is a role of this name"), ({"name": "X"}, "A role's name has")):
        shown = await admin.fill_in("create-role", typed)
        assert (shown.status, words in shown.text) == (422, True)
    await give(office, await verified(office), name)
    await admin.open(f"/admin/role?name={name}")
    shown = await admin.send("delete-role")
    assert (shown.status, "Users have this role" in shown.text, len(stored(office, name))) == (422, True, 1)


async def test_only_scopes_within_the_own_rights_are_offered_and_granted(office: Service) -> None:
    role = role_of(office, "admin:users:read", "admin:roles:write")
    visitor, other = await administrator(office, role, at=ROLES), role_of(office, "admin:clients:write")
    shown = await visitor.open(f"/admin/role?name={other}")
    assert (set(shown.actions()), "more than your own roles" in shown.text) == ({"sign-out"}, True)
    shown = await visitor.open("/admin/role?name=admin")
    assert (set(shown.actions()), "built-in role stays" in shown.text) == ({"sign-out"}, True)
    token = shown.form("sign-out").fields["form_token"]
    for form in ("change-role", "delete-role"):
        fields = {"form_token": token, "name": other, "version": "1"}
        answer = await visitor.http.post(f"/admin/{form}", data=fields, headers=OWN_SITE)
        assert (answer.status_code, "beyond your own rights" in answer.text) == (422, True)
    shown = await visitor.open(ROLES)
    assert ("admin:clients:write" in shown.text, "admin:roles:write" in shown.text) == (False, True)
    shown = await visitor.fill_in("create-role", {"name": new_name(), "admin:clients:write": "true"})
    assert (shown.status, "beyond your own rights" in shown.text) == (422, True)
    assert stored(office, other) == [("", ["admin:clients:write"])]


@pytest.mark.parametrize("name", ["", "X", "\0", "no-such-role", "<script>", "a/b", "{{'QX'*3}}"])
async def test_an_unknown_role_name_is_not_found(office: Service, name: str) -> None:
    admin = await administrator(office, "admin", at=ROLES)
    assert admin.page is not None
    token = admin.page.form("sign-out").fields["form_token"]
    answer = await admin.http.get("/admin/role", params={"name": name})
    assert (answer.status_code, "<script>" in answer.text, "QXQXQX" in answer.text) == (404, False, False)
    shown = await admin.open(f"{ROLES}")
    token = shown.form("sign-out").fields["form_token"]
    for form in ("change-role", "delete-role"):
        answer = await admin.http.post(f"/admin/{form}", data={"form_token": token, "name": name}, headers=OWN_SITE)
        # The form token of the list is not valid on the page of one role.
        assert answer.status_code == 404, answer.text
