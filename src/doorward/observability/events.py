"""Operating events: of the process, HTTP, limits, log and tasks. Those of a domain are in its ``events.py``."""

from typing import Final

from doorward.core.events import Event
from doorward.core.frozen import frozen

REQUEST_FACTS: Final = {
    "correlation_id": "the answer's `X-Correlation-ID`: the caller's own, else the trace id of its `traceparent`, "
    "else made",
    "trace_id": "of the caller's W3C `traceparent`, or of the service's own trace",
    "client": "the client's canonical address, as the limits count it (IPv6 as its /64)",
    "user_id": "the user who asks, once a genuine token or a password has proven it",
    "session_id": "the session of the request",
    "external_caller": "a hash of issuer and subject: the caller is known to a trusted issuer, and has no user here",
    "actor": "of a command: `operator:` and the user of the operating system who runs it",
}
"""On every line that is written while a request is answered or a command runs, as far as they are known."""


@frozen(slots=False)
class ConfigInsecure(Event):
    """The service starts with a `setting` that is not for production; `why` says what it gives up."""

    log_event = "config.insecure"
    level = "warning"
    setting: str
    why: str


@frozen(slots=False)
class ServiceListening(Event):
    """The address that the service listens on."""

    log_event = "service.listening"
    host: str
    port: int


@frozen(slots=False)
class ServiceDraining(Event):
    """SIGTERM came: readiness is 503 for `seconds`, then the sockets close."""

    log_event = "service.draining"
    seconds: float


@frozen(slots=False)
class WorkerStarted(Event):
    """`doorward worker` runs the background tasks of these names."""

    log_event = "worker.started"
    tasks: str


@frozen(slots=False)
class WorkerDraining(Event):
    """A signal ends `doorward worker`: it begins no further task.

    The process ends when the tasks in progress have finished, or after `seconds`.
    """

    log_event = "worker.draining"
    seconds: float


@frozen(slots=False)
class ServiceParentGone(Event):
    """The parent of this worker was killed.

    The worker closes its listening socket, finishes its requests, and ends within `seconds`.
    """

    log_event = "service.parent_gone"
    level = "warning"
    seconds: float


@frozen(slots=False)
class RateLimitExceeded(Event):
    """A client address was refused with 429, at `route`."""

    log_event = "rate_limit.exceeded"
    level = "warning"
    outcome = "failure"
    route: str


@frozen(slots=False)
class BudgetExceeded(Event):
    """One address or one user uses as much as it may: 429. `budget` is the refusal's code.

    The first refusal of a second is a line of its own, the others share one; `refused` is their number.
    """

    log_event = "budget.exceeded"
    level = "warning"
    outcome = "failure"
    budget: str
    refused: int


@frozen(slots=False)
class HttpRequest(Event):
    """One answer. `route` is the template; null for an address that does not exist.

    `status` is 0 when the client closed the connection first. Successful health calls are logged at `debug`.
    """

    log_event = "http.request"
    method: str
    route: str | None
    status: int
    duration_ms: float


@frozen(slots=False)
class HttpConnectionRefused(Event):
    """What never became a request, or was cut off: `count` since the last such line.

    At most one line in ten seconds for each `reason` (a code of problems.md, `answer_not_read` or `body_not_wanted`).
    `peer` is the other side of the last connection: a client, or the proxy in front.
    """

    log_event = "http.connection.refused"
    reason: str
    count: int
    peer: str


@frozen(slots=False)
class HttpConnectionsExhausted(Event):
    """The worker had `limit` connections.

    `count` were closed to let new ones in (`reason` is `closed_for_room`) or refused with 503
    (`too_many_connections`). At most one line in ten seconds for each.
    """

    log_event = "http.connections.exhausted"
    level = "warning"
    limit: int
    reason: str
    count: int
    peer: str


@frozen(slots=False)
class HttpRequestDisconnected(Event):
    """The client closed the connection before it had sent its body."""

    log_event = "http.request.disconnected"


@frozen(slots=False)
class HttpRequestCrashed(Event):
    """A defect: the caller got 500, the traceback is in `exception`. Report it."""

    log_event = "http.request.crashed"
    level = "error"


@frozen(slots=False)
class HttpBodyNotStored(Event):
    """A large body, of a request or an answer, could not be stored on this machine's disk: 503."""

    log_event = "http.body.not_stored"
    level = "warning"
    error: str


@frozen(slots=False)
class LogLineMalformed(Event):
    """A library's line was lost: its message and its arguments do not fit. `source` is its logger."""

    log_event = "log.line_malformed"
    level = "warning"
    source: str
    error: str


@frozen(slots=False)
class LogLinesDropped(Event):
    """The reader of the log was slow or away, and `count` lines were lost. Requests did not wait for it."""

    log_event = "log.lines_dropped"
    level = "warning"
    count: int


@frozen(slots=False)
class MetricsNotShared(Event):
    """A worker found no space for its numbers in the folder of temporary files: they are missing from `/metrics`."""

    log_event = "metrics.not_shared"
    level = "warning"
    error: str


@frozen(slots=False)
class MetricsScrapeFailed(Event):
    """A defect: `/metrics` could not be answered; the traceback is in `exception`. Report it."""

    log_event = "metrics.scrape_failed"
    level = "error"


@frozen(slots=False)
class PasswordHashQueueFull(Event):
    """More logins and registrations than the processors can hash: 503. `waiting` is the length of the queue."""

    log_event = "password_hash.queue_full"
    level = "warning"
    waiting: int


@frozen(slots=False)
class RateLimitStoreUnavailable(Event):
    """The shared limit store did not answer in time: each process counts by itself. `error` is the driver's class."""

    log_event = "rate_limit.store_unavailable"
    level = "warning"
    error: str


@frozen(slots=False)
class RateLimitStoreRecovered(Event):
    """The shared limit store answers again, and counts for all."""

    log_event = "rate_limit.store_recovered"


@frozen(slots=False)
class OutboxMeasured(Event):
    """The outbox has `due` messages, the oldest due since `oldest_seconds`, and `dead` letters.

    At level `debug`, every 15 seconds. `open_circuits` counts the receivers that this process takes for away.
    """

    log_event = "outbox.measured"
    level = "debug"
    due: int
    oldest_seconds: float
    dead: int
    open_circuits: int


@frozen(slots=False)
class HousekeepingDone(Event):
    """`task` did what was due: `count` of it."""

    log_event = "housekeeping.done"
    task: str
    count: int


@frozen(slots=False)
class HousekeepingOff(Event):
    """Because of `setting`, the service runs no background tasks: it removes no old sessions and audit events.

    With `BACKGROUND=off`, `doorward worker` does.
    """

    log_event = "housekeeping.off"
    setting: str


@frozen(slots=False)
class HousekeepingFailed(Event):
    """`task` did not finish. It continues at its next turn."""

    log_event = "housekeeping.failed"
    level = "warning"
    task: str
    error: str


@frozen(slots=False)
class HousekeepingRefused(Event):
    """`task` removed nothing: this host's clock is `seconds` ahead of PostgreSQL's (behind when negative).

    More than a minute is refused.
    """

    log_event = "housekeeping.refused"
    level = "warning"
    task: str
    seconds: float


@frozen(slots=False)
class HousekeepingCrashed(Event):
    """A defect in `task`; the traceback is in `exception`. Report it."""

    log_event = "housekeeping.crashed"
    level = "error"
    task: str
