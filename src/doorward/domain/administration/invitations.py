"""Use cases: invite an address with roles, list the invitations, revoke one."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.pages import CursorCodec, Position, Slice
from doorward.core.ports import Clock, Database
from doorward.domain.administration.authorization import lock_actor
from doorward.domain.administration.exceptions import InvitationNotFoundError
from doorward.domain.administration.models import Actor, PendingInvitation
from doorward.domain.administration.policy import checked_roles, require_scopes_within, union_of_scopes
from doorward.domain.administration.ports import Inviting
from doorward.domain.administration.repositories import Connection, invitations
from doorward.domain.auth.roles import lock_roles
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.auth.users.identifiers import canonical_email
from doorward.observability.logging import report

_SORT: Final = "-created_at"


@frozen
class Created:
    """A new invitation. ``link`` is shown only this once; None if the invitation was mailed."""

    invitation: PendingInvitation
    link: str | None


class AdministeredInvitations:
    """Manages invitations. The account gets no other address than the one that was invited."""

    def __init__(
        self, *, database: Database[Connection], clock: Clock, inviting: Inviting, cursors: CursorCodec
    ) -> None:
        self._database = database
        self._clock = clock
        self._inviting = inviting
        self._cursors = cursors

    async def create(self, actor: Actor, email: str, roles: Collection[str] = (), *, is_mailed: bool = True) -> Created:
        """Invite an address. The account will have the given roles, all of whose scopes the actor must have.

        Replaces an earlier invitation for the same address, whose roles the actor must be able to grant, too. Raises
        ``InvalidEmailError``, ``EmailTakenError``, ``UnknownRoleError``, ``TooManyRolesOfUserError``,
        ``MailNotConfiguredError`` if it is to be mailed, and what ``lock_actor`` raises.
        """
        wanted, email_key = checked_roles(roles), canonical_email(email)
        invited_by = None if actor.caller is None else actor.caller.user.id
        async with self._database.transaction() as connection:
            own = await lock_actor(connection, actor, AdminScope.INVITATIONS_WRITE, now=self._clock.now())
            replaced = await invitations.lock_invitation_of(connection, email_key)
            held = () if replaced is None else replaced.roles
            known = await lock_roles(connection, wanted=wanted, held=held)
            require_scopes_within(own, union_of_scopes(known.values()))
            invited = await self._inviting.add(
                connection, email, roles=wanted, invited_by=invited_by, is_mailed=is_mailed
            )
            invitation = await invitations.find_invitation(connection, invited.id)
        report(invited.event)
        if invitation is None:
            raise InvitationNotFoundError
        return Created(invitation, invited.link)

    async def list(self, *, after: str, page_size: int) -> Slice[PendingInvitation]:
        """Return the live invitations after a cursor, or the first ones for an empty cursor, the newest first.

        Raises ``InvalidCursorError``.
        """
        position = self._cursors.decode(after, _SORT) if after else None
        async with self._database.connection() as connection:
            found = await invitations.list_invitations(
                connection, after=position, limit=page_size + 1, now=self._clock.now()
            )
        shown = found[:page_size]
        next_cursor = self._cursors.encode(_position(shown[-1])) if len(found) > page_size else None
        return Slice(shown, page_size, next_cursor)

    async def revoke(self, actor: Actor, invitation_id: UUID) -> None:
        """Revoke an invitation whose roles the actor can grant. Its link and its code no longer work.

        Raises ``InvitationNotFoundError`` and what ``lock_actor`` raises.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            own = await lock_actor(connection, actor, AdminScope.INVITATIONS_WRITE, now=now)
            invitation = await invitations.lock_invitation(connection, invitation_id, now=now)
            if invitation is None:
                raise InvitationNotFoundError
            known = await lock_roles(connection, wanted=(), held=invitation.roles)
            require_scopes_within(own, union_of_scopes(known.values()))
            event = await self._inviting.revoke(connection, invitation_id)
        report(event)


def _position(invitation: PendingInvitation) -> Position:
    return Position(_SORT, invitation.created_at.isoformat(), str(invitation.id))
