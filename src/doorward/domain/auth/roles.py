"""Roles of users: find their scopes, grant and revoke them, and keep at least one administrator."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from doorward.domain.audit.recording import record
from doorward.domain.auth.events import UserRolesChanged
from doorward.domain.auth.exceptions import LastAdministratorError, UnknownRoleError
from doorward.domain.auth.models import GrantedRole, LockedAccount, Standing
from doorward.domain.auth.repositories import Connection, roles
from doorward.domain.auth.scopes import ADMIN_ROLE, may_name_a_role


async def find_standing(connection: Connection, user_id: UUID) -> Standing | None:
    """Return the current roles and scopes of a user; None for an unknown user."""
    return await roles.find_standing(connection, user_id)


async def lock_grantable_scopes(connection: Connection, user_id: UUID) -> frozenset[str]:
    """Return the scopes that a user may grant, none if inactive. The user is locked until the transaction ends."""
    standing = await roles.lock_standing(connection, user_id)
    return frozenset(standing.scopes) if standing is not None and standing.is_active else frozenset()


async def lock_roles(
    connection: Connection, *, wanted: Collection[str], held: Collection[str] = ()
) -> Mapping[str, GrantedRole]:
    """Return the wanted and the held roles by name, locked until the transaction ends.

    Raises ``UnknownRoleError`` for a wanted role that does not exist.
    """
    if not all(map(may_name_a_role, wanted)):
        raise UnknownRoleError
    known = {role.name: role for role in await roles.lock_roles(connection, {*wanted, *held})}
    if not known.keys() >= set(wanted):
        raise UnknownRoleError
    return known


async def replace_roles(
    connection: Connection, standing: Standing, wanted: Collection[str], known: Mapping[str, GrantedRole]
) -> Sequence[UserRolesChanged]:
    """Set the roles of a user, whose row is locked; record the events and return them.

    ``known`` is the result of ``lock_roles``. Raises ``LastAdministratorError``.
    """
    before, after = frozenset(standing.roles), frozenset(wanted)
    if before == after:
        return ()
    if ADMIN_ROLE in before - after:
        await keep_an_administrator(connection, standing)
    await roles.update_roles_of_user(connection, standing.user_id, after)
    changes = [
        UserRolesChanged(
            user_id=standing.user_id, role_id=known[name].id, change="granted" if name in after else "taken"
        )
        for name in sorted(before ^ after)
        if name in known
    ]
    for change in changes:
        await record(connection, change)
    return changes


async def keep_an_administrator(connection: Connection, user: LockedAccount | Standing) -> None:
    """Raise ``LastAdministratorError`` if this user, whose row is locked, is the last active administrator.

    Call it in every transaction that deactivates or removes a user, or revokes the role. It takes a lock, so that two
    administrators cannot remove each other at the same moment.
    """
    if not user.is_active or ADMIN_ROLE not in (user.roles or ()):
        return
    await roles.lock_administrators(connection)
    if await roles.find_other_administrator(connection, user.user_id) is None:
        raise LastAdministratorError
