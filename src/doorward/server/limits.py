"""The limits of connections, and of input before the application receives it."""

import resource
from typing import Final

from doorward.core.frozen import frozen

MAXIMUM_URL_BYTES: Final = 8 * 1024
MAXIMUM_HEAD_BYTES: Final = 32 * 1024
"""Request line and header fields together. Also the limit of trailers, and of chunk extensions between two bytes."""

MAXIMUM_FIELDS: Final = 100
CHUNK_BYTES: Final = 4 * 1024
"""Input that the parser gets at a time: usually a whole request, and at most about 150 pipelined ones."""

SMALL_BODY_BYTES: Final = 64 * 1024
MAXIMUM_DISCARDED_BYTES: Final = 32 * 1024 * 1024
"""Maximum input of a body that was answered early: as much as the largest call takes, so its sender sees the answer."""

MINIMUM_READ_BYTES: Final = 32 * 1024
"""Minimum that a client must read of a pending answer within ``unread_answer_seconds``: about 1 KiB a second."""

RESERVED_DESCRIPTORS: Final = 64
"""Descriptors for files, the log, the limit store and connections that are being closed."""

MINIMUM_CONNECTIONS: Final = 8


@frozen
class ConnectionLimits:
    """The maximum number of open connections of one process, and their timeouts. All times are in seconds."""

    connections: int
    head_seconds: float = 10
    """Timeout of the request line and header fields, from their first byte, or from the start of a new connection."""

    body_seconds: float = 30
    """Timeout of a body of up to ``SMALL_BODY_BYTES``. A larger one gets time in addition."""

    upload_bytes_per_second: float = 32 * 1024
    """Minimum average rate at which the rest of a larger body must arrive."""

    idle_seconds: float = 75
    """Load balancers keep idle connections for at most 60 seconds: the side that sends requests must close first."""

    unread_answer_seconds: float = 30
    linger_seconds: float = 5
    """How long input is discarded after an error answer: a reset would destroy the answer in transit."""

    probe_seconds: float = 1
    """Interval of checks whether a client that has closed its side still reads, while its request is in progress."""

    sweep_seconds: float = 1
    """Interval at which deadlines are compared."""

    report_seconds: float = 10
    """Minimum interval between two log lines about refusals of one reason."""

    def seconds_for_body(self, received: int) -> float:
        """Return the timeout of a body of which ``received`` bytes have arrived."""
        return self.body_seconds + max(0, received - SMALL_BODY_BYTES) / self.upload_bytes_per_second


def connection_limit(wanted: int, *, descriptors: int, other_descriptors: int) -> int:
    """Return how many connections a process may hold: ``wanted``, or what its limit of descriptors leaves for them.

    ``other_descriptors`` are those of connections to the database. ``RLIM_INFINITY`` is no limit.
    """
    if descriptors == resource.RLIM_INFINITY:
        return wanted
    return max(MINIMUM_CONNECTIONS, min(wanted, descriptors - RESERVED_DESCRIPTORS - other_descriptors))
