"""Every event that the service reports, by its stable name. ``docs/events.md`` is written from this list."""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Event:
    """One name. ``facts`` are its own members, beside those that every line of a request has."""

    name: str
    level: Literal["info", "warning", "error"]
    meaning: str
    facts: tuple[str, ...] = ()


REQUEST_FACTS: Final = {
    "correlation_id": "the answer's `X-Correlation-ID`: the caller's own, else the trace id of its `traceparent`, "
    "else made",
    "trace_id": "of the caller's W3C `traceparent`, or of the service's own trace",
    "client": "the client's canonical address, as the limits count it (IPv6 as its /64)",
    "user_id": "who asks, once a genuine token or a password has said so",
    "session_id": "in which session",
}
"""On every line that is written while a request is answered, as far as they are known."""

SECURITY_EVENTS: Final = (
    Event("auth.login.succeeded", "info", "A session began.", ("outcome",)),
    Event(
        "auth.login.failed",
        "info",
        "Refused with 401. `reason` is `unknown_user`, `wrong_password` or `inactive_user`, which the caller is not "
        "told; `target_user_id` is whose password it was not.",
        ("outcome", "reason", "target_user_id"),
    ),
    Event("auth.refresh.rotated", "info", "A session got its next pair of tokens.", ("outcome",)),
    Event(
        "auth.refresh.repeated",
        "info",
        "The token just replaced came again within the leeway: the same pair.",
        ("outcome",),
    ),
    Event(
        "auth.refresh.refused",
        "info",
        "Refused with 401. `reason` is `malformed` (forged or no token at all) or `not_current` (ended, expired, "
        "unknown, or of an inactive user).",
        ("outcome", "reason"),
    ),
    Event(
        "auth.refresh.reuse_detected",
        "warning",
        "A used token came again and its session was ended: theft, or a client that refreshes twice.",
        ("outcome",),
    ),
    Event("auth.session.revoked", "info", "A session ended. `reason` is `logout` or `reuse`.", ("outcome", "reason")),
    Event(
        "auth.session.all_revoked",
        "warning",
        "An operator ended every session: `count` of them.",
        ("outcome", "reason", "count"),
    ),
    Event(
        "auth.revocation.ignored",
        "info",
        "A logout that ended nothing: the token is `malformed`, or of a session that is `not_live`.",
        ("outcome", "reason"),
    ),
    Event(
        "auth.user.deactivated",
        "info",
        "An operator barred `target_user_id`, and ended `count` sessions.",
        ("outcome", "target_user_id", "count"),
    ),
    Event("auth.user.activated", "info", "An operator let `target_user_id` in again.", ("outcome", "target_user_id")),
    Event("auth.user.registered", "info", "An account was made.", ("outcome", "new_user_id")),
    Event(
        "auth.registration.refused",
        "info",
        "No account was made. `reason` is the refusal's code.",
        ("outcome", "reason"),
    ),
    Event(
        "rate_limit.exceeded",
        "warning",
        "A client address was refused with 429, at `route`.",
        ("outcome", "route"),
    ),
    Event(
        "budget.exceeded",
        "warning",
        "One address or one user uses as much as it may: 429. `budget` is the refusal's code. The first refusal of a "
        "second is a line of its own, the others share one; `refused` is their number.",
        ("outcome", "budget", "refused"),
    ),
    Event(
        "config.insecure",
        "warning",
        "The service starts with a `setting` that is not for production; `why` says what it gives up.",
        ("setting", "why"),
    ),
)

OPERATING_EVENTS: Final = (
    Event("service.listening", "info", "The address that the service listens on.", ("host", "port")),
    Event(
        "service.draining",
        "info",
        "SIGTERM came: readiness is 503 for `seconds`, then the sockets close.",
        ("seconds",),
    ),
    Event("worker.started", "info", "`doorward worker` runs the background tasks of these names.", ("tasks",)),
    Event(
        "worker.draining",
        "info",
        "A signal ends `doorward worker`: it begins no further task, and ends when those under way have finished, or "
        "after `seconds`.",
        ("seconds",),
    ),
    Event(
        "service.parent_gone",
        "warning",
        "The parent of this worker was killed. The worker closes its listening socket, finishes its requests, and ends "
        "within `seconds`.",
        ("seconds",),
    ),
    Event(
        "http.request",
        "info",
        "One answer. `route` is the template; null for an address that does not exist. `status` is 0 when the caller "
        "hung up. Successful health calls are logged at `debug`.",
        ("method", "route", "status", "duration_ms"),
    ),
    Event(
        "http.connection.refused",
        "info",
        "What never became a request, or was cut off: `count` since the last such line, at most one line in ten "
        "seconds for each `reason` (a code of problems.md, `answer_not_read` or `body_not_wanted`). `peer` is the "
        "other side of the last connection: a client, or the proxy in front.",
        ("reason", "count", "peer"),
    ),
    Event(
        "http.connections.exhausted",
        "warning",
        "The worker had `limit` connections. `count` were closed to let new ones in (`reason` is `closed_for_room`) or "
        "refused with 503 (`too_many_connections`). At most one line in ten seconds for each.",
        ("limit", "reason", "count", "peer"),
    ),
    Event("http.request.disconnected", "info", "The caller hung up before it had sent its body."),
    Event("http.request.crashed", "error", "A defect: the caller got 500, the traceback is in `exception`. Report it."),
    Event(
        "http.body.not_stored",
        "warning",
        "A large body could not be put aside on this machine's disk: 503.",
        ("error",),
    ),
    Event(
        "log.line_malformed",
        "warning",
        "A library's line was lost: its message and its arguments do not fit. `source` is its logger.",
        ("source", "error"),
    ),
    Event(
        "log.lines_dropped",
        "warning",
        "The reader of the log was slow or away, and `count` lines were lost. Requests did not wait for it.",
        ("count",),
    ),
    Event("items.imported", "info", "A file was imported.", ("owner_id", "imported", "skipped")),
    Event("items.import.refused", "info", "A file was refused as a whole, for `code`.", ("owner_id", "code")),
    Event(
        "metrics.not_shared",
        "warning",
        "A worker found no space for its numbers in the folder of temporary files: `/metrics` shows its last ones.",
        ("error",),
    ),
    Event("metrics.scrape_failed", "error", "A defect: `/metrics` could not be answered. Report it."),
    Event(
        "password_hash.queue_full",
        "warning",
        "More logins and registrations than the processors can hash: 503.",
        ("waiting",),
    ),
    Event(
        "rate_limit.store_unavailable",
        "warning",
        "The shared limit store did not answer in time: each process counts by itself. `error` is the driver's class.",
        ("error",),
    ),
    Event("rate_limit.store_recovered", "info", "The shared limit store answers again, and counts for all."),
    Event(
        "database.unavailable",
        "warning",
        "PostgreSQL failed or did not answer in time: 503. `error` is the driver's class.",
        ("error", "sqlstate"),
    ),
    Event(
        "database.unsuitable",
        "warning",
        "A connection was refused because PostgreSQL's settings are not those that the service needs: 503. `why` names "
        "them and the remedy.",
        ("why",),
    ),
    Event(
        "database.shared_query_failed",
        "warning",
        "What this call asked was not answered: 503. The cause is in a line without a caller: one `query` is for many.",
        ("query",),
    ),
    Event(
        "database.circuit.opened",
        "warning",
        "PostgreSQL was silent `faults` times in a row: calls are refused at once until it answers.",
        ("faults",),
    ),
    Event("database.circuit.closed", "info", "PostgreSQL answered again."),
    Event(
        "database.statement_late",
        "warning",
        "A statement reached PostgreSQL after its deadline and changed nothing: 503. `statement` is `rotation`.",
        ("statement",),
    ),
    Event(
        "clock.differs",
        "warning",
        "This host's clock and PostgreSQL's differ by more than a second: the host is `seconds` ahead, or behind when "
        "negative. Reported at the start and when it begins.",
        ("seconds",),
    ),
    Event("clock.agrees", "info", "The two clocks agree again, but for `seconds`.", ("seconds",)),
    Event("clock.crashed", "error", "A defect in measuring the clock; the traceback is in `exception`. Report it."),
    Event("housekeeping.done", "info", "`task` did what was due: `count` of it.", ("task", "count")),
    Event(
        "housekeeping.failed",
        "warning",
        "`task` did not come to its end. It goes on at its next turn.",
        ("task", "error"),
    ),
    Event(
        "housekeeping.refused",
        "warning",
        "`task` removed nothing: this host's clock is `seconds` ahead of PostgreSQL's (behind when negative), which is "
        "more than a minute.",
        ("task", "seconds"),
    ),
    Event(
        "housekeeping.crashed", "error", "A defect in `task`; the traceback is in `exception`. Report it.", ("task",)
    ),
    Event(
        "database.bulk_places_taken",
        "warning",
        "More imports at a time than there are places for: 503.",
    ),
    Event(
        "database.schema_missing",
        "warning",
        "A table or column is not there: 503. Run `doorward migrate`.",
        ("sqlstate",),
    ),
)

EVENTS: Final = {event.name: event for event in (*SECURITY_EVENTS, *OPERATING_EVENTS)}
