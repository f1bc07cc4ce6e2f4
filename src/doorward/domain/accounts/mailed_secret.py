"""The mailed secrets of a person without an account: link token and code, and their stored forms. Pure."""

from dataclasses import field
from datetime import datetime
from hmac import compare_digest
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.exceptions import InvalidOneTimeTokenError
from doorward.domain.auth.tokens.one_time_token import OneTimeToken, OneTimeTokenCodec, Purpose, new_code, new_secret
from doorward.domain.auth.tokens.one_time_tokens import CODE_LIFETIME
from doorward.domain.auth.tokens.refresh_token import hash_secret

MAXIMUM_CODE_ATTEMPTS: Final = 5


@frozen
class MailedSecret:
    """The mailed values: the token for the link, and the code to type."""

    text: str = field(repr=False)
    code: str = field(repr=False)
    stored: "StoredSecret"


@frozen
class StoredSecret:
    """The stored form of a mailed secret.

    The token expires at ``expires_at``, and its registration or invitation with it.
    """

    secret_hash: bytes
    code_mac: bytes = field(repr=False)
    code_expires_at: datetime
    expires_at: datetime


@frozen
class ShownSecret:
    """A secret shown by a caller: the hash of a token's secret, or the MAC of a code."""

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
        code_expires_at=now + CODE_LIFETIME,
        expires_at=expires_at,
    )
    return MailedSecret(codec.encode(token), code, stored)


def shown_token(codec: OneTimeTokenCodec, purpose: Purpose, text: str) -> ShownSecret:
    """Return the token of a link in its stored form. Raises ``InvalidOneTimeTokenError`` unless it is genuine."""
    token = codec.decode(text, purpose)
    return ShownSecret(token.subject_id, hash_secret(token.secret), is_code=False)


def shown_code(
    codec: OneTimeTokenCodec, purpose: Purpose, subject_id: UUID, code: str, *, stored: bytes | None
) -> ShownSecret:
    """Return a correct code in its stored form.

    ``stored`` is the MAC of the mailed code, None if no code is valid or no attempts are left. Raises
    ``InvalidOneTimeTokenError`` for a wrong code.
    """
    macs = codec.code_macs(code, subject_id, purpose)
    if stored is None or not any(compare_digest(stored, mac) for mac in macs):
        raise InvalidOneTimeTokenError
    return ShownSecret(subject_id, stored, is_code=True)
