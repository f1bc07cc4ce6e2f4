"""The bounds of connections and of what clients send before the application sees it."""

import resource
from typing import Final

from doorward.core.frozen import frozen

MAXIMUM_URL_BYTES: Final = 8 * 1024
MAXIMUM_HEAD_BYTES: Final = 32 * 1024
"""Request line and header fields together. Trailers, and chunk extensions between two bytes of a body, have as many."""

MAXIMUM_FIELDS: Final = 100
PIECE_BYTES: Final = 4 * 1024
"""What the parser is given at a time: a whole request as a rule, and of pipelined ones no more than some 150."""

SMALL_BODY_BYTES: Final = 64 * 1024
MAXIMUM_DISCARDED_BYTES: Final = 32 * 1024 * 1024
"""Of a body that was answered before its end: as much as the largest call takes, so that its sender sees the answer."""

LEAST_READ_BYTES: Final = 32 * 1024
"""What a client must take of a pending answer within ``unread_answer_seconds``: some 1 KiB a second."""

RESERVED_DESCRIPTORS: Final = 64
"""For files, the log, the limit store and connections that are being closed."""

LEAST_CONNECTIONS: Final = 8


@frozen
class ConnectionLimits:
    """How many connections one process has open, and how long each may take. All times are in seconds."""

    connections: int
    head_seconds: float = 10
    """For the request line and header fields, from their first byte; of a new connection, from its beginning."""

    body_seconds: float = 30
    """For a body of up to ``SMALL_BODY_BYTES``, and the head start of a larger one."""

    upload_bytes_per_second: float = 32 * 1024
    """How fast the rest of a larger body must arrive, on average."""

    idle_seconds: float = 75
    """Load balancers keep idle connections for 60 seconds or less: the side that sends must be the one that closes."""

    unread_answer_seconds: float = 30
    linger_seconds: float = 5
    """After an error answer, input is discarded for so long: a reset would destroy the answer on its way."""

    probe_seconds: float = 1
    """How often a client that has closed its side is asked whether it still reads, while its request is under way."""

    sweep_seconds: float = 1
    """How often the times are compared."""

    report_seconds: float = 10
    """How often refusals of one reason are logged at most."""

    def seconds_for_body(self, received: int) -> float:
        """Return how long a body may take of which so many bytes have arrived."""
        return self.body_seconds + max(0, received - SMALL_BODY_BYTES) / self.upload_bytes_per_second


def connection_limit(wanted: int, *, descriptors: int, other_descriptors: int) -> int:
    """Return how many connections a process may hold: ``wanted``, or what its limit of descriptors leaves for them.

    ``other_descriptors`` is what the process opens besides: connections to the database. ``RLIM_INFINITY`` is no limit.
    """
    if descriptors == resource.RLIM_INFINITY:
        return wanted
    return max(LEAST_CONNECTIONS, min(wanted, descriptors - RESERVED_DESCRIPTORS - other_descriptors))
