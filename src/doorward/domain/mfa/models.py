"""The vocabulary of second factors. No I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.factors.listed_factor import ListedFactor
from doorward.domain.auth.sessions.continuation import GoesOn


@frozen
class TotpFactor:
    """An authenticator application as it is stored. ``last_step`` is the step of the last code that was accepted."""

    sealed_secret: bytes
    last_step: int


@frozen
class NewTotpFactor:
    """An authenticator application about to be stored."""

    user_id: UUID
    id: UUID
    sealed_secret: bytes
    last_step: int
    created_at: datetime


@frozen
class OwnApplication:
    """An authenticator application as its owner may know it."""

    id: UUID
    created_at: datetime
    kind: Literal["totp"] = "totp"


@frozen
class OwnFactors:
    """The second factors of a user, and how many recovery codes are left."""

    factors: Sequence[ListedFactor]
    recovery_codes_left: int


@frozen
class Enrolment:
    """An application that is about to be set up: nothing is stored. ``token`` has the secret, sealed."""

    uri: str
    secret: str
    token: str


@frozen
class Enrolled:
    """The recovery codes, which are shown this once, and the session that goes on."""

    recovery_codes: Sequence[str]
    session: GoesOn


def sealing_context(user_id: UUID) -> bytes:
    """Return for what a secret is sealed: its table and its row."""
    return b"totp_factors" + user_id.bytes
