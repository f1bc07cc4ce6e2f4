"""The parts of an application that no setting describes."""

from typing import Final

from doorward.api.edge_services import UPLOAD_SECONDS
from doorward.core.frozen import frozen
from doorward.core.ports import Clock
from doorward.infrastructure.clock import HostClock
from doorward.infrastructure.limits.limiter import CallLimiter
from doorward.infrastructure.passwords import BcryptHasher
from doorward.infrastructure.postgres.database import PostgresDatabase
from doorward.infrastructure.postgres.timeouts import TIMEOUTS, Timeouts
from doorward.infrastructure.scheduler import FIRST_LOOK_SECONDS
from doorward.wiring.keys import KEY_RING_OPTIONS, KeyRingOptions


@frozen(kw_only=True, eq=False)
class Parts:
    """Parts that replace those that the settings describe, and the numbers that no setting describes.

    None stands for the part that the settings describe. A given database, hasher and limiter are closed with the
    application.
    """

    clock: Clock | None = None
    """Replaces PostgreSQL's clock."""
    host: HostClock | None = None
    """Replaces the clocks of this machine. A given database has its own."""
    timeouts: Timeouts = TIMEOUTS
    """The timeouts for PostgreSQL. A given database has its own."""
    database: PostgresDatabase | None = None
    hasher: BcryptHasher | None = None
    limiter: CallLimiter | None = None
    key_ring_options: KeyRingOptions = KEY_RING_OPTIONS
    """The maker of signing keys, and the interval at which the keys are read."""
    first_look_seconds: float = FIRST_LOOK_SECONDS
    upload_seconds: float = UPLOAD_SECONDS
    """Timeout for the body of an upload."""


PARTS: Final = Parts()
"""The parts of an application in production."""
