"""The users' actions on their own account in the walks, in a session or with a mailed token."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID

from development.callers import caller_of
from development.proof.model.answers import answered
from development.proof.model.email_changes import EmailChanges
from doorward.api.services import Services
from doorward.core.exceptions import DomainError
from doorward.domain.auth.exceptions import DeletionPendingError
from doorward.domain.auth.models import TokenPair
from doorward.domain.auth.sessions.continuation import tokens_of

T = TypeVar("T")


class OwnAccount:
    """The calls, without HTTP. None or False stands for any refusal."""

    def __init__(self, services: Services, email_changes: EmailChanges) -> None:
        """Take the parts of the service."""
        self._login, self._authentication = services.login, services.authentication
        self._own, self._deletion = services.own_account, services.account_data.deletion
        self._recovery, self._verification = services.recovery, services.verification
        self._email_changes = email_changes

    async def change_password(self, access: str, current: str, new: str) -> TokenPair | None:
        """Change the password; return the token pair, or None for a refusal."""
        return await answered(self._change_password(access, current, new))

    async def _change_password(self, access: str, current: str, new: str) -> TokenPair:
        caller = await caller_of(self._authentication, access)
        begun = await self._own.password_change.change(caller, current_password=current, new_password=new)
        return tokens_of(begun).tokens

    async def change_email(self, access: str, email: str) -> TokenPair | None:
        """Change the address; return the token pair, or None for a refusal."""
        return await answered(self._change_email(access, email))

    async def _change_email(self, access: str, email: str) -> TokenPair:
        return await self._email_changes.change(await caller_of(self._authentication, access), email)

    async def reauthenticate(self, access: str, password: str) -> TokenPair | None:
        """Reauthenticate; return the token pair, or None for a refusal."""
        return await answered(self._reauthenticate(access, password))

    async def _reauthenticate(self, access: str, password: str) -> TokenPair:
        return await self._own.reauthentication.reauthenticate(await caller_of(self._authentication, access), password)

    async def end_sessions(self, access: str, which: str) -> bool:
        """End the user's other sessions, or all; return whether this succeeded."""
        return await answered(self._end_sessions(access, which)) or False

    async def _end_sessions(self, access: str, which: str) -> bool:
        caller = await caller_of(self._authentication, access)
        await (self._own.session_ending.end_all if which == "all" else self._own.session_ending.end_others)(caller)
        return True

    async def end_session(self, access: str, session_id: UUID) -> bool:
        """End one session of the user; return whether this succeeded."""
        return await answered(self._end_session(access, session_id)) or False

    async def _end_session(self, access: str, session_id: UUID) -> bool:
        await self._own.session_ending.end(await caller_of(self._authentication, access), session_id)
        return True

    async def leave(self, access: str) -> bool:
        """Delete the user's own account; return whether this succeeded."""
        return await answered(self._leave(access)) or False

    async def _leave(self, access: str) -> bool:
        await self._deletion.schedule(await caller_of(self._authentication, access))
        return True

    async def restore(self, name: str, password: str) -> bool:
        """Log in, and restore the account with the token of the refusal; return whether this succeeded."""
        try:
            await self._login.login(name=name, password=password)
        except DeletionPendingError as offer:
            await self._deletion.restore_by_token(str(offer.members["restore_token"]))
            return True
        except DomainError:
            return False
        raise AssertionError("a login began a session")

    async def reset_at_once(self, token: str, passwords: list[str]) -> list[bool]:
        """Set several passwords with one link concurrently; return for each whether it succeeded."""
        resets = (self._recovery.reset_by_token(token, password) for password in passwords)
        return await asyncio.gather(*(_is_done(reset) for reset in resets))

    async def verify_by_session(self, access: str, token: str) -> bool:
        """Verify an address in a session; return whether this succeeded."""
        return await _is_done(self._verify_by_session(access, token))

    async def _verify_by_session(self, access: str, token: str) -> None:
        await self._verification.verify_by_session(await caller_of(self._authentication, access), token=token)

    async def verify_by_password(self, token: str, password: str) -> bool:
        """Verify an address with the password of its account; return whether this succeeded."""
        return await _is_done(self._verification.verify_by_password(token, password))


async def _is_done(call: Coroutine[Any, Any, None]) -> bool:
    """Return whether a call succeeded instead of refusing."""
    try:
        await call
    except DomainError:
        return False
    return True
