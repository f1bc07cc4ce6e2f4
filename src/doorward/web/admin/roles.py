"""The pages of roles: list, create, change and delete them."""

from collections.abc import Collection, Mapping
from typing import Final

from doorward.api.v1.admin import roles
from doorward.domain.administration.models import Actor, Role
from doorward.domain.administration.roles import RoleChanges
from doorward.domain.auth.scopes import AdminScope
from doorward.web.admin.forms import ChangeRoleForm, RoleForm
from doorward.web.admin.visits import AdminPageOf, FormOf, PageOfOne, Place, access_of, is_version
from doorward.web.forms import AdminPage
from doorward.web.own.visits import Done, Visit

_READS: Final = access_of(roles.READ)
_WRITES: Final = access_of(roles.WRITE)


class RolesPage(AdminPageOf):
    """The list of roles, built-in roles first."""

    name = AdminPage.ROLES
    title = "roles.title"
    access = _READS

    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return all roles."""
        found = await visit.services.administration.roles.list()
        return {"roles": [_shown(role) for role in found], "givable": _grantable_scopes(visit)}


class RolePage(PageOfOne):
    """One role, by its name."""

    name = AdminPage.ROLE
    access = _READS
    parameter = "name"

    async def words(self, visit: Visit) -> Mapping[str, object]:
        """Return the role, and whether it can be changed. Raises ``RoleNotFoundError``."""
        role = await visit.services.administration.roles.read(self.key)
        is_within = not role.is_built_in and visit.caller.scopes.issuperset(role.scopes)
        return {"role": _shown(role), "is_changeable": is_within, "givable": _grantable_scopes(visit)}


def _grantable_scopes(visit: Visit) -> Collection[str]:
    """Return the scopes that this administrator can grant, in a fixed order."""
    return [str(scope) for scope in AdminScope if scope in visit.caller.scopes]


def _shown(role: Role) -> Mapping[str, object]:
    return {
        "name": role.name,
        "description": role.description,
        "scopes": role.scopes,
        "is_built_in": role.is_built_in,
        "version": role.version,
    }


async def _create(visit: Visit, form: ChangeRoleForm) -> Done:
    """Create a role."""
    administered = visit.services.administration.roles
    role = await administered.create(Actor(visit.caller), form.name, form.description, form.scopes)
    return Done("role_created", page=RolePage(role.name))


async def _change(visit: Visit, form: ChangeRoleForm) -> Done:
    """Change a role, if its version is still the one on the page."""
    changes = RoleChanges(form.description, form.scopes)
    administered = visit.services.administration.roles
    await administered.change(Actor(visit.caller), form.name, changes, is_version(form.version))
    return Done("role_changed")


async def _remove(visit: Visit, form: RoleForm) -> Done:
    """Delete a role, if its version is still the one on the page."""
    await visit.services.administration.roles.remove(Actor(visit.caller), form.name, is_version(form.version))
    return Done("role_removed", page=RolesPage())


def _page(form: RoleForm) -> RolePage:
    return RolePage(form.name)


PLACE: Final = Place(
    RolesPage(),
    pages=(RolePage(),),
    forms=(
        FormOf("create-role", _WRITES, ChangeRoleForm, _create, lambda _: RolesPage()),
        FormOf("change-role", _WRITES, ChangeRoleForm, _change, _page),
        FormOf("delete-role", _WRITES, RoleForm, _remove, _page),
    ),
)
