"""Stores a pending change of an e-mail address like a request does, with the tokens of its mails."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection

from doorward.domain.accounts.email_change import EMAIL_CHANGE_LIFETIME
from doorward.domain.accounts.models import PendingEmailChange
from doorward.domain.accounts.repositories import email_changes
from doorward.domain.auth.tokens.one_time_token import Purpose
from doorward.domain.auth.tokens.one_time_tokens import OneTimeTokens
from doorward.domain.auth.users.identifiers import canonical_email


@dataclass(frozen=True, slots=True)
class MailedTokens:
    """The tokens in the mails of one change."""

    of_old: str
    of_new: str


async def add_email_change(
    connection: AsyncConnection[Any],
    tokens: OneTimeTokens,
    *,
    user_id: UUID,
    old_email: str,
    new_email: str,
    now: datetime,
) -> MailedTokens:
    """Store a change, replacing a pending one; return the tokens that the worker would mail."""
    change = PendingEmailChange(
        user_id, new_email, canonical_email(new_email), created_at=now, expires_at=now + EMAIL_CHANGE_LIFETIME
    )
    await email_changes.add_change(connection, change)
    of_old = await tokens.issue(
        connection,
        Purpose.EMAIL_CHANGE_OLD,
        user_id=user_id,
        email_key=canonical_email(old_email),
        message_id=uuid4(),
        now=now,
    )
    of_new = await tokens.issue(
        connection, Purpose.EMAIL_CHANGE_NEW, user_id=user_id, email_key=change.email_key, message_id=uuid4(), now=now
    )
    return MailedTokens(of_old.text, of_new.text)
