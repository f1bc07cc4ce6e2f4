"""What a mail brings to a person without an account: a link's token and a code, and what is stored of them. Pure."""

from datetime import datetime
from hmac import compare_digest
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError
from doorward.domain.auth.tokens.one_time_token import OneTimeToken, OneTimeTokenCodec, Purpose, new_code, new_secret
from doorward.domain.auth.tokens.one_time_tokens import LIFE_OF_CODE
from doorward.domain.auth.tokens.refresh_token import hash_secret

MOST_CODE_ATTEMPTS: Final = 5


@frozen
class MailedSecret:
    """What is mailed: the text for the link, and the code for typing."""

    text: str
    code: str
    stored: "StoredSecret"


@frozen
class StoredSecret:
    """What is stored of it. The token lives until ``expires_at``, and whatever it was mailed for with it."""

    secret_hash: bytes
    code_mac: bytes
    code_expires_at: datetime
    expires_at: datetime


@frozen
class ShownSecret:
    """What was shown of a registration or an invitation: the hash of its token's secret, or the MAC of its code."""

    subject_id: UUID
    digest: bytes
    is_code: bool


def new_mailed_secret(
    codec: OneTimeTokenCodec, purpose: Purpose, subject_id: UUID, *, now: datetime, expires_at: datetime
) -> MailedSecret:
    """Return a new token of a registration or an invitation, with its code."""
    token, code = OneTimeToken(purpose, subject_id, new_secret()), new_code()
    stored = StoredSecret(
        secret_hash=hash_secret(token.secret),
        code_mac=codec.code_macs(code, subject_id, purpose)[0],
        code_expires_at=now + LIFE_OF_CODE,
        expires_at=expires_at,
    )
    return MailedSecret(codec.encode(token), code, stored)


def shown_token(codec: OneTimeTokenCodec, purpose: Purpose, text: str) -> ShownSecret:
    """Return the token of a link as it is stored. Raises ``InvalidOneTimeTokenError`` unless it is genuine."""
    token = codec.decode(text, purpose)
    return ShownSecret(token.subject_id, hash_secret(token.secret), is_code=False)


def shown_code(
    codec: OneTimeTokenCodec, purpose: Purpose, subject_id: UUID, code: str, *, stored: bytes | None
) -> ShownSecret:
    """Return a code that is right: ``stored`` is its MAC, None where no code lives or no tries are left.

    Raises ``InvalidOneTimeTokenError``.
    """
    macs = codec.code_macs(code, subject_id, purpose)
    if stored is None or not any(compare_digest(stored, mac) for mac in macs):
        raise InvalidOneTimeTokenError
    return ShownSecret(subject_id, stored, is_code=True)
