"""The operating events about PostgreSQL and its clock."""

from doorward.core.events import Event
from doorward.core.frozen import frozen


@frozen(slots=False)
class DatabaseUnavailable(Event):
    """PostgreSQL failed or did not answer in time: 503. `error` is the class of the driver's exception."""

    log_event = "database.unavailable"
    level = "warning"
    error: str
    sqlstate: str | None


@frozen(slots=False)
class DatabaseUnsuitable(Event):
    """A connection was refused because PostgreSQL does not have the settings that the service needs: 503.

    `why` names the settings and the remedy.
    """

    log_event = "database.unsuitable"
    level = "warning"
    why: str


@frozen(slots=False)
class DatabaseReadOnly(Event):
    """The server refuses writes: a standby after a switchover, or a database set to read-only. Writes get 503."""

    log_event = "database.read_only"
    level = "warning"


@frozen(slots=False)
class DatabaseWritable(Event):
    """A new connection reached a server that accepts writes; the other connections are replaced."""

    log_event = "database.writable"


@frozen(slots=False)
class DatabaseSharedQueryFailed(Event):
    """The batched query of this request failed: 503.

    The cause is in a line without request data, because one `query` serves many requests.
    """

    log_event = "database.shared_query_failed"
    level = "warning"
    query: str


@frozen(slots=False)
class DatabaseCircuitOpened(Event):
    """PostgreSQL did not answer `faults` times in a row: requests are refused at once until it answers."""

    log_event = "database.circuit.opened"
    level = "warning"
    faults: int


@frozen(slots=False)
class DatabaseCircuitClosed(Event):
    """PostgreSQL answered again."""

    log_event = "database.circuit.closed"


@frozen(slots=False)
class DatabaseStatementLate(Event):
    """A statement reached PostgreSQL after its deadline and changed nothing: 503. `statement` is `rotation`."""

    log_event = "database.statement_late"
    level = "warning"
    statement: str


@frozen(slots=False)
class DatabaseBulkPlacesTaken(Event):
    """Too many concurrent imports, exports and deletions of accounts: 503."""

    log_event = "database.bulk_places_taken"
    level = "warning"


@frozen(slots=False)
class DatabaseSchemaMissing(Event):
    """A table or column is missing: 503. Run `doorward migrate`."""

    log_event = "database.schema_missing"
    level = "warning"
    sqlstate: str | None


@frozen(slots=False)
class ClockDiffers(Event):
    """This host's clock and PostgreSQL's differ by more than a second.

    The host is `seconds` ahead, or behind if negative. Reported at the start, and when the difference begins.
    """

    log_event = "clock.differs"
    level = "warning"
    seconds: float


@frozen(slots=False)
class ClockAgrees(Event):
    """The two clocks agree again, with a difference of `seconds`."""

    log_event = "clock.agrees"
    seconds: float


@frozen(slots=False)
class ClockCrashed(Event):
    """The measurement of the clock failed because of a bug; the traceback is in `exception`. Report it."""

    log_event = "clock.crashed"
    level = "error"
