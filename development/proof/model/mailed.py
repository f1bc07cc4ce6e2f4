"""The tokens of mails in the walks: written by the product's mail composers, and parsed from the link."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from doorward.core.ports import Clock
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.settings.config import Settings
from doorward.wiring.mail import create_composers


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The mails to a user."""

    settings: Settings
    database: PostgresDatabase
    clock: Clock

    async def reset(self, email: str) -> str | None:
        """Return the token of a password reset mail, or None if no mail is sent."""
        return await self._token(MailRequest(MailKind.PASSWORD_RESET, MailOrigin.STRANGER, email=email))

    async def verification(self, user_id: str) -> str | None:
        """Return the token of a verification mail, or None if no mail is sent."""
        return await self._token(MailRequest(MailKind.VERIFY_EMAIL, MailOrigin.OWNER, user_id=UUID(user_id)))

    async def _token(self, request: MailRequest) -> str | None:
        composers = create_composers(self.settings, self.database, self.clock)
        mail = await composers[request.kind].compose(request, uuid4())
        return None if mail is None else mail.facts["link"].partition("#token=")[2]
