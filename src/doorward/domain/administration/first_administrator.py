"""Use case of the command line: create an administrator, also if there are others.

The operator either gets a one-time link, where the person chooses a name and a password, or sets the password. There is
no default account.
"""

from doorward.domain.administration.invitations import AdministeredInvitations
from doorward.domain.administration.models import OPERATOR, NewUser
from doorward.domain.administration.users import Users
from doorward.domain.auth.scopes import ADMIN_ROLE
from doorward.domain.auth.users.identifiers import generated_username


class FirstAdministrator:
    """Create administrators on behalf of an operator."""

    def __init__(self, *, invitations: AdministeredInvitations, users: Users) -> None:
        self._invitations = invitations
        self._users = users

    async def invite(self, email: str) -> str:
        """Return the invitation link for the owner of the address.

        Raises ``InvalidEmailError`` and ``EmailTakenError``.
        """
        created = await self._invitations.create(OPERATOR, email, [ADMIN_ROLE], is_mailed=False)
        return created.link or ""

    async def create(self, email: str, password: str, username: str | None = None) -> str:
        """Create the administrator; return the user name, which is generated if none is given.

        Raises as ``Users.create``.
        """
        name = username or generated_username()
        user = await self._users.create(OPERATOR, NewUser(email, name, password, roles=[ADMIN_ROLE]))
        return user.username
