"""Accounts that are deleted at a moment that a test chooses."""

from doorward.domain.auth.models import NamedUser
from doorward.domain.auth.users.accounts import Accounts
from tests.integration.service import Service


class AccountsDeletedAfterLookup(Accounts):
    """Accounts that are deleted permanently after the lookup, before they can be locked."""

    def __init__(self, service: Service) -> None:
        super().__init__(database=service.database)
        self._service = service

    async def get_user(self, name: str) -> NamedUser:
        user = await super().get_user(name)
        self._service.sql("DELETE FROM users WHERE id = %s", user.id)
        return user
