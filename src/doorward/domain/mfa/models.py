"""Models of second factors. No I/O."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.factors.listed_factor import ListedFactor
from doorward.domain.auth.sessions.continuation import SessionCredentials


@frozen
class TotpFactor:
    """A stored authenticator application. ``last_step`` is the time step of the last accepted code."""

    sealed_secret: bytes = field(repr=False)
    last_step: int


@frozen
class NewTotpFactor:
    """An authenticator application to store."""

    user_id: UUID
    id: UUID
    sealed_secret: bytes = field(repr=False)
    last_step: int
    created_at: datetime


@frozen
class OwnApplication:
    """An authenticator application, with the fields that its owner may see."""

    id: UUID
    created_at: datetime
    kind: Literal["totp"] = "totp"


@frozen
class OwnFactors:
    """The second factors of a user, and the number of unused recovery codes."""

    factors: Sequence[ListedFactor]
    recovery_codes_left: int


@frozen
class Enrolment:
    """An application that is not confirmed, and not stored. ``token`` contains the sealed secret."""

    uri: str = field(repr=False)
    secret: str = field(repr=False)
    token: str = field(repr=False)


@frozen
class Enrolled:
    """The recovery codes, which are shown only once, and the session that replaces the acting one."""

    recovery_codes: Sequence[str] = field(repr=False)
    session: SessionCredentials


def sealing_context(user_id: UUID) -> bytes:
    """Return the context that binds a sealed secret to its table and row."""
    return b"totp_factors" + user_id.bytes
