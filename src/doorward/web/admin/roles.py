"""The pages of roles: list, create, change and delete them."""

from collections.abc import Collection, Mapping
from typing import Final

from doorward.api.v1.admin import roles
from doorward.domain.administration.models import Actor, Role
from doorward.domain.administration.roles import RoleChanges
from doorward.domain.auth.scopes import AdminScope
from doorward.web.admin.forms import ChangeRoleForm, RoleForm
from doorward.web.admin.pages import AdminForm, AdminPageBase, NavigationEntry, RowPage, access_of, version_test
from doorward.web.forms import AdminPage
from doorward.web.own.pages import FormResult, PageContext

_READS: Final = access_of(roles.READ)
_WRITES: Final = access_of(roles.WRITE)


class RolesPage(AdminPageBase):
    """The list of roles, built-in roles first."""

    name = AdminPage.ROLES
    title = "roles.title"
    access = _READS

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return all roles."""
        found = await context.services.administration.roles.list()
        return {"roles": [_shown(role) for role in found], "givable": _grantable_scopes(context)}


class RolePage(RowPage):
    """One role, by its name."""

    name = AdminPage.ROLE
    access = _READS
    parameter = "name"

    async def template_values(self, context: PageContext) -> Mapping[str, object]:
        """Return the role, and whether it can be changed. Raises ``RoleNotFoundError``."""
        role = await context.services.administration.roles.get(self.key)
        is_within = not role.is_built_in and context.caller.scopes.issuperset(role.scopes)
        return {"role": _shown(role), "is_changeable": is_within, "givable": _grantable_scopes(context)}


def _grantable_scopes(context: PageContext) -> Collection[str]:
    """Return the scopes that this administrator can grant, in a fixed order."""
    return [str(scope) for scope in AdminScope if scope in context.caller.scopes]


def _shown(role: Role) -> Mapping[str, object]:
    return {
        "name": role.name,
        "description": role.description,
        "scopes": role.scopes,
        "is_built_in": role.is_built_in,
        "version": role.version,
    }


async def _create(context: PageContext, form: ChangeRoleForm) -> FormResult:
    """Create a role."""
    administered = context.services.administration.roles
    role = await administered.create(Actor(context.caller), form.name, form.description, form.scopes)
    return FormResult("role_created", page=RolePage(role.name))


async def _change(context: PageContext, form: ChangeRoleForm) -> FormResult:
    """Change a role, if its version is still the one on the page."""
    changes = RoleChanges(form.description, form.scopes)
    administered = context.services.administration.roles
    await administered.update(Actor(context.caller), form.name, changes, version_test(form.version))
    return FormResult("role_changed")


async def _remove(context: PageContext, form: RoleForm) -> FormResult:
    """Delete a role, if its version is still the one on the page."""
    await context.services.administration.roles.delete(Actor(context.caller), form.name, version_test(form.version))
    return FormResult("role_removed", page=RolesPage())


def _page(form: RoleForm) -> RolePage:
    return RolePage(form.name)


NAVIGATION_ENTRY: Final = NavigationEntry(
    RolesPage(),
    pages=(RolePage(),),
    forms=(
        AdminForm("create-role", _WRITES, ChangeRoleForm, _create, lambda _: RolesPage()),
        AdminForm("change-role", _WRITES, ChangeRoleForm, _change, _page),
        AdminForm("delete-role", _WRITES, RoleForm, _remove, _page),
    ),
)
