"""Operating events about the process, HTTP, limits, log and tasks. Those of a domain are in its ``events.py``."""

from typing import Final

from doorward.core.events import Event
from doorward.core.frozen import frozen

REQUEST_FACTS: Final = {
    "correlation_id": "the response's `X-Correlation-ID`: the one that the caller sent, else the trace id of its "
    "`traceparent`, else generated",
    "trace_id": "of the caller's W3C `traceparent`, or of the service's own trace",
    "client": "the client's canonical address, as the limits count it (IPv6 as its /64)",
    "user_id": "the user who makes the request, once a valid token or password has proven it",
    "session_id": "the session of the request",
    "client_id": "the OAuth client that makes the request, once it has authenticated",
    "external_caller": "a hash of issuer and subject, for a caller with a token of a trusted issuer and no user here",
    "actor": "for a command: `operator:` and the user of the operating system who runs it",
}
"""Fields of every line that is logged during a request or a command, as far as they are known."""


@frozen(slots=False)
class ConfigInsecure(Event):
    """The service starts with a `setting` that reduces security; `why` names the risk."""

    log_event = "config.insecure"
    level = "warning"
    setting: str
    why: str


@frozen(slots=False)
class ServiceListening(Event):
    """The service listens on this address."""

    log_event = "service.listening"
    host: str
    port: int


@frozen(slots=False)
class ServiceDraining(Event):
    """SIGTERM was received: the readiness check answers 503 for `seconds`, then the sockets close."""

    log_event = "service.draining"
    seconds: float


@frozen(slots=False)
class WorkerStarted(Event):
    """`doorward worker` runs these background tasks."""

    log_event = "worker.started"
    tasks: str


@frozen(slots=False)
class WorkerDraining(Event):
    """`doorward worker` received a signal to end, and starts no further tasks.

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
    """A call of `route` exceeded its rate limit and was refused with 429."""

    log_event = "rate_limit.exceeded"
    level = "warning"
    outcome = "failure"
    route: str


@frozen(slots=False)
class BudgetExceeded(Event):
    """An address or a user reached a limit of concurrent use: 429. `budget` is the error code.

    The first refusal in a second has its own line, the others share one; `refused` is their number.
    """

    log_event = "budget.exceeded"
    level = "warning"
    outcome = "failure"
    budget: str
    refused: int


@frozen(slots=False)
class HttpRequest(Event):
    """A request was answered. `route` is the path template; null for a path that does not exist.

    `status` is 0 if the client closed the connection first. Successful health checks are logged at `debug`.
    """

    log_event = "http.request"
    method: str
    route: str | None
    status: int
    duration_ms: float


@frozen(slots=False)
class HttpConnectionRefused(Event):
    """Connections ended without a complete request, or were aborted: `count` since the last such line.

    At most one line in ten seconds for each `reason` (a code of problems.md, `answer_not_read` or `body_not_wanted`).
    `peer` is the other side of the last connection: a client, or the proxy in front of the service.
    """

    log_event = "http.connection.refused"
    reason: str
    count: int
    peer: str


@frozen(slots=False)
class HttpConnectionsExhausted(Event):
    """The worker had its maximum of `limit` connections.

    `count` were closed in favour of new ones (`reason` is `closed_for_room`) or refused with 503
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
    """The client closed the connection before it had sent the whole body."""

    log_event = "http.request.disconnected"


@frozen(slots=False)
class HttpRequestCrashed(Event):
    """A request failed because of a bug: 500. The traceback is in `exception`. Report it."""

    log_event = "http.request.crashed"
    level = "error"


@frozen(slots=False)
class HttpBodyNotStored(Event):
    """A large body, of a request or a response, could not be stored on this machine's disk: 503."""

    log_event = "http.body.not_stored"
    level = "warning"
    error: str


@frozen(slots=False)
class LogLineMalformed(Event):
    """A library's log line was lost, because its message and its arguments do not match. `source` is its logger."""

    log_event = "log.line_malformed"
    level = "warning"
    source: str
    error: str


@frozen(slots=False)
class LogLinesDropped(Event):
    """The reader of the log was slow or unavailable, and `count` lines were lost. Requests did not wait for it."""

    log_event = "log.lines_dropped"
    level = "warning"
    count: int


@frozen(slots=False)
class MetricsNotShared(Event):
    """A worker could not write its metrics to the temporary folder: they are missing from `/metrics`."""

    log_event = "metrics.not_shared"
    level = "warning"
    error: str


@frozen(slots=False)
class MetricsScrapeFailed(Event):
    """A request for `/metrics` failed because of a bug; the traceback is in `exception`. Report it."""

    log_event = "metrics.scrape_failed"
    level = "error"


@frozen(slots=False)
class PasswordHashQueueFull(Event):
    """The queue of password hashes for logins and registrations is full: 503. `waiting` is its length."""

    log_event = "password_hash.queue_full"
    level = "warning"
    waiting: int


@frozen(slots=False)
class RateLimitStoreUnavailable(Event):
    """The shared store of rate limits did not answer in time: each process counts separately.

    `error` is the class of the driver's exception.
    """

    log_event = "rate_limit.store_unavailable"
    level = "warning"
    error: str


@frozen(slots=False)
class RateLimitStoreRecovered(Event):
    """The shared store of rate limits answers again, and counts for all processes."""

    log_event = "rate_limit.store_recovered"


@frozen(slots=False)
class OutboxMeasured(Event):
    """The outbox has `due` messages, the oldest due for `oldest_seconds`, and `dead` letters.

    At level `debug`, every 15 seconds. `open_circuits` is 1 while this process's circuit to the mail server is open.
    """

    log_event = "outbox.measured"
    level = "debug"
    due: int
    oldest_seconds: float
    dead: int
    open_circuits: int


@frozen(slots=False)
class HousekeepingDone(Event):
    """`task` is done; `count` is the number of processed rows or other objects."""

    log_event = "housekeeping.done"
    task: str
    count: int


@frozen(slots=False)
class HousekeepingOff(Event):
    """Because of `setting`, the service runs no background tasks: it removes no old sessions and audit events.

    With `BACKGROUND=off`, `doorward worker` runs them.
    """

    log_event = "housekeeping.off"
    setting: str


@frozen(slots=False)
class HousekeepingFailed(Event):
    """`task` did not finish. It continues at its next run."""

    log_event = "housekeeping.failed"
    level = "warning"
    task: str
    error: str


@frozen(slots=False)
class HousekeepingRefused(Event):
    """`task` removed nothing, because this host's clock is `seconds` ahead of PostgreSQL's (behind if negative).

    The maximum difference is a minute.
    """

    log_event = "housekeeping.refused"
    level = "warning"
    task: str
    seconds: float


@frozen(slots=False)
class HousekeepingCrashed(Event):
    """`task` failed because of a bug; the traceback is in `exception`. Report it."""

    log_event = "housekeeping.crashed"
    level = "error"
    task: str
