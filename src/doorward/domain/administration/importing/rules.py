"""Decide whether a user of a file may be stored, and in which form. Pure, except for the random user names."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol
from uuid import UUID, uuid4

from doorward.core.frozen import frozen
from doorward.domain.administration.exceptions import InvalidExternalIdError, TooManyRolesOfUserError
from doorward.domain.administration.importing.models import ForeignUser, ImportableRole, ImportedUser, LineCode
from doorward.domain.administration.policy import checked_external_id, checked_roles
from doorward.domain.auth.exceptions import InvalidEmailError, InvalidUsernameError
from doorward.domain.auth.ports import HashRefusal
from doorward.domain.auth.scopes import may_name_a_role
from doorward.domain.auth.users.identifiers import (
    EmailAddress,
    display_username,
    generated_username,
    is_external_username,
    read_email,
)

TOLERATED_SKEW: Final = timedelta(days=1)
"""How far the clock of the other system may be ahead."""

_PLAIN_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
"""A local part that is its own canonical form."""

_PLAIN_LENGTH: Final = 64
"""Maximum characters of an address whose parts need no length check."""

_UUID_LENGTH: Final = 36


class ImportedHashes(Protocol):
    """Password hashes of other systems."""

    def refusal_of(self, stored_hash: str) -> HashRefusal | None:
        """Return why a hash cannot be verified at a login; None if it can."""
        ...


@frozen
class ImportRules:
    """The rules for the users of a file."""

    hashes: ImportedHashes
    keeps_ids: bool
    now: datetime


class _SkippedLineError(Exception):
    def __init__(self, code: LineCode) -> None:
        super().__init__(code)
        self.code = code


def validate_user(user: ForeignUser, rules: ImportRules) -> ImportedUser | LineCode:
    """Return the user to store, or the reason why none is stored."""
    try:
        email = _email(user.email)
        username = _username(user.username)
        kept_id = _uuid(user.id) if rules.keeps_ids else None
        return ImportedUser(
            id=kept_id or uuid4(),
            email=email.shown,
            email_key=email.key,
            username=username,
            username_key=username.lower(),
            password_hash=_password_hash(user.password_hash, rules.hashes),
            external_id=_external_id(user, is_id_kept=kept_id is not None),
            roles=_roles(user.roles),
            is_verified=user.is_verified,
            is_active=user.is_active,
            created_at=_moment(user.created_at, rules.now),
        )
    except _SkippedLineError as error:
        return error.code


def refusal_of_roles(
    user: ImportedUser, known: Mapping[str, ImportableRole], own_scopes: frozenset[str]
) -> LineCode | None:
    """Return why a user may not get the file's roles; None if all exist and lie within the actor's scopes."""
    if not known.keys() >= set(user.roles):
        return LineCode.UNKNOWN_ROLE
    within = all(own_scopes >= set(known[name].scopes) for name in user.roles)
    return None if within else LineCode.BEYOND_OWN_SCOPES


def _email(text: str) -> EmailAddress:
    try:
        local_part, _, domain = text.partition("@")
        if len(text) > _PLAIN_LENGTH or not _PLAIN_LOCAL_PART.fullmatch(local_part):
            return read_email(text)
        sample = _read_domain(domain)
    except InvalidEmailError as error:
        raise _SkippedLineError(LineCode.INVALID_EMAIL) from error
    domain = sample.shown.partition("@")[2]
    return EmailAddress(f"{local_part}@{domain}", f"{local_part.lower()}@{domain}", sample.is_public)


@lru_cache(maxsize=1024)
def _read_domain(domain: str) -> EmailAddress:
    """Return an address of the domain. Cached, because many users share a domain and parsing it is most of the work."""
    return read_email(f"a@{domain}")


def _username(text: str | None) -> str:
    """Return the name; a generated one if the user has none, or an e-mail address as name."""
    if text is None or "@" in text:
        return generated_username()
    try:
        name = display_username(text)
    except InvalidUsernameError as error:
        raise _SkippedLineError(LineCode.INVALID_USERNAME) from error
    if is_external_username(name):
        raise _SkippedLineError(LineCode.USERNAME_RESERVED)
    return name


def _uuid(text: str | None) -> UUID | None:
    """Return the UUID in its usual spelling, and None for any other text."""
    try:
        return UUID(text) if text is not None and len(text) == _UUID_LENGTH else None
    except ValueError:
        return None


def _external_id(user: ForeignUser, *, is_id_kept: bool) -> str | None:
    """Return the id in the other system, by which a later import recognises the user."""
    found = user.external_id or (None if is_id_kept else user.id)
    try:
        return checked_external_id(found) if found else None
    except InvalidExternalIdError as error:
        raise _SkippedLineError(LineCode.INVALID_EXTERNAL_ID) from error


def _password_hash(text: str | None, hashes: ImportedHashes) -> str | None:
    refusal = hashes.refusal_of(text) if text is not None else None
    if refusal is not None:
        raise _SkippedLineError(LineCode(refusal.value))
    return text


def _roles(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names without duplicates. Names that no role can have are refused without a lookup."""
    if not all(map(may_name_a_role, names)):
        raise _SkippedLineError(LineCode.UNKNOWN_ROLE)
    try:
        checked_roles(names)
    except TooManyRolesOfUserError as error:
        raise _SkippedLineError(LineCode.TOO_MANY_ROLES) from error
    return tuple(dict.fromkeys(names))


def _moment(text: str | None, now: datetime) -> datetime | None:
    """Return the time of a text in ISO 8601; without an offset it is UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _SkippedLineError(LineCode.INVALID_TIME) from error
    if moment > now + TOLERATED_SKEW:
        raise _SkippedLineError(LineCode.INVALID_TIME)
    return moment
