"""Use cases: list and get roles, and create, update and delete custom ones."""

from collections.abc import Collection, Sequence

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.core.versions import VersionTest
from doorward.domain.administration.authorization import lock_actor
from doorward.domain.administration.events import RoleChanged
from doorward.domain.administration.exceptions import (
    BuiltInRoleError,
    RoleExistsError,
    RoleInUseError,
    RoleNotFoundError,
    StaleRoleError,
    TooManyRolesError,
)
from doorward.domain.administration.models import Actor, Role
from doorward.domain.administration.policy import (
    MAXIMUM_ROLES,
    checked_description,
    checked_role_name,
    require_scopes_within,
)
from doorward.domain.administration.repositories import Connection, roles
from doorward.domain.audit.recording import record
from doorward.domain.auth.scopes import AdminScope, may_name_a_role
from doorward.observability.logging import report


@frozen
class RoleChanges:
    """The changes of a role; None leaves a field as it is."""

    description: str | None = None
    scopes: Collection[AdminScope] | None = None


class Roles:
    """Define roles. A change applies from the next request of each user with the role."""

    def __init__(self, *, database: Database[Connection], clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(self) -> Sequence[Role]:
        """Return all roles: the built-in ones first, then by name."""
        async with self._database.connection() as connection:
            return await roles.list_roles(connection)

    async def get(self, name: str) -> Role:
        """Return the role of this name. Raises ``RoleNotFoundError``."""
        if not may_name_a_role(name):
            raise RoleNotFoundError
        async with self._database.connection() as connection:
            role = await roles.find_role(connection, name)
        if role is None:
            raise RoleNotFoundError
        return role

    async def create(self, actor: Actor, name: str, description: str, scopes: Collection[AdminScope]) -> Role:
        """Define a role with these scopes, all of which the actor must have.

        Raises ``InvalidRoleNameError``, ``InvalidRoleDescriptionError``, ``RoleExistsError``, ``TooManyRolesError``,
        and what ``lock_actor`` raises.
        """
        name, description = checked_role_name(name), checked_description(description)
        async with self._database.transaction() as connection:
            own = await lock_actor(connection, actor, AdminScope.ROLES_WRITE, now=self._clock.now())
            require_scopes_within(own, scopes)
            await roles.lock_table(connection)
            if await roles.count_roles(connection) >= MAXIMUM_ROLES:
                raise TooManyRolesError
            role = await roles.add_role(connection, name=name, description=description, scopes=scopes)
            if role is None:
                raise RoleExistsError
            event = RoleChanged(user_id=None, role_id=role.id, change="created")
            await record(connection, event)
        report(event)
        return role

    async def update(self, actor: Actor, name: str, changes: RoleChanges, is_expected: VersionTest) -> Role:
        """Change a custom role, whose scopes before and after the change the actor must have.

        Raises ``RoleNotFoundError``, ``BuiltInRoleError``, ``StaleRoleError``, ``InvalidRoleDescriptionError``, and
        what ``lock_actor`` raises.
        """
        description = None if changes.description is None else checked_description(changes.description)
        async with self._database.transaction() as connection:
            role = await self._lock_role(connection, actor, name, changes.scopes or (), is_expected)
            changed = await roles.update_role(
                connection,
                name,
                description=role.description if description is None else description,
                scopes=role.scopes if changes.scopes is None else changes.scopes,
            )
            event = RoleChanged(user_id=None, role_id=role.id, change="changed")
            await record(connection, event)
        report(event)
        return changed

    async def delete(self, actor: Actor, name: str, is_expected: VersionTest) -> None:
        """Delete a role that belongs to no user or live invitation.

        Raises as ``update`` does, and ``RoleInUseError``.
        """
        async with self._database.transaction() as connection:
            role = await self._lock_role(connection, actor, name, (), is_expected)
            if await roles.find_holder_of_role(connection, name, now=self._clock.now()) is not None:
                raise RoleInUseError
            await roles.remove_role(connection, name)
            event = RoleChanged(user_id=None, role_id=role.id, change="removed")
            await record(connection, event)
        report(event)

    async def _lock_role(
        self,
        connection: Connection,
        actor: Actor,
        name: str,
        scopes_after: Collection[AdminScope],
        is_expected: VersionTest,
    ) -> Role:
        """Lock a role that the actor may change. Grants of the role block until the transaction ends."""
        if not may_name_a_role(name):
            raise RoleNotFoundError
        own = await lock_actor(connection, actor, AdminScope.ROLES_WRITE, now=self._clock.now())
        role = await roles.lock_role(connection, name)
        if role is None:
            raise RoleNotFoundError
        if role.is_built_in:
            raise BuiltInRoleError
        require_scopes_within(own, role.scopes, scopes_after)
        if not is_expected(role.version):
            raise StaleRoleError
        return role
