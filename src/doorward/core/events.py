"""Events: what the service reports. Each event is a class; its fields are the facts that the log shows."""

from typing import Any, ClassVar, Literal
from uuid import UUID

from doorward.core.frozen import frozen

Level = Literal["debug", "info", "warning", "error"]


@frozen
class Counter:
    """A Prometheus counter, incremented by each event that names it. ``label`` distinguishes those events."""

    name: str
    meaning: str
    label: str = ""


@frozen(slots=False)
class Event:
    """Something that happened: one line of the log, and increments of counters.

    Each subclass is decorated by ``frozen`` and sets ``log_event``; its docstring is its description in docs/events.md.
    Without ``slots``: they would create each class twice, and ``__subclasses__`` would list both.
    """

    log_event: ClassVar[str]
    level: ClassVar[Level] = "info"
    """An event of level ``error`` is a defect: its line has the traceback of the exception being handled."""

    outcome: ClassVar[Literal["success", "failure"] | None] = None
    counted: ClassVar[tuple[tuple[Counter, str], ...]] = ()
    """The counters to increment, each with the value of its label (an empty string if it has none)."""

    def facts(self) -> dict[str, Any]:
        """Return the facts as the log shows them."""
        facts = dict(vars(self))
        if self.outcome is not None:
            facts["outcome"] = self.outcome
        return facts


@frozen(slots=False, kw_only=True)
class AuditedEvent(Event):
    """A change to a user or a session. ``domain/audit`` stores it in the same transaction as the change.

    The facts of its subclasses are ids, numbers and words of a closed list: nothing that a person typed, and no secret.
    Facts may be added; any other change needs a new ``version``. ``user_id`` is the user whom the event concerns, None
    if it concerns all users or none.
    """

    type: ClassVar[str]
    version: ClassVar[int] = 1
    user_fact: ClassVar[str] = "user_id"
    """The name of ``user_id`` in the log, if ``user_id`` there is the user who made the call."""

    user_id: UUID | None
    session_id: UUID | None = None

    def data(self) -> dict[str, Any]:
        """Return the facts of the subclass, ready for JSON."""
        own = {name: value for name, value in vars(self).items() if name not in {"user_id", "session_id"}}
        return {name: str(value) if isinstance(value, UUID) else value for name, value in own.items()}

    def facts(self) -> dict[str, Any]:
        """Return the facts as the log shows them."""
        facts = super().facts()
        ids = {self.user_fact: facts.pop("user_id"), "session_id": facts.pop("session_id")}
        return facts | {name: value for name, value in ids.items() if value is not None}


def event_classes(root: type[Event] = Event) -> list[type[Event]]:
    """Return the events among the subclasses of ``root``, in the order in which their modules were imported."""
    found: list[type[Event]] = []
    for each in root.__subclasses__():
        found += ([each] if "log_event" in vars(each) else []) + event_classes(each)
    return found
