"""A reported event is one line of the log, and every observer receives it."""

import json
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest

from doorward.core.events import AuditedEvent, Event
from doorward.core.frozen import frozen
from doorward.observability.logging import configure_logging, observed_events, report


@frozen(slots=False)
class Happened(Event):
    log_event = "something.happened"
    outcome = "success"
    reason: str
    about: UUID | None = None


@frozen(slots=False)
class Broke(Event):
    log_event = "it.broke"
    level = "error"


@frozen(slots=False)
class Barred(AuditedEvent):
    type = "user.barred"
    log_event = "auth.user.barred"
    user_fact = "target_user_id"
    by_id: UUID


@pytest.fixture
def stream() -> StringIO:
    return StringIO()


def lines(stream: StringIO) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert all(line.pop("timestamp") for line in found)
    return found


def test_an_event_is_a_line_with_its_level_its_outcome_and_its_facts(stream: StringIO) -> None:
    configure_logging("info", "json", stream=stream)
    about = uuid4()
    report(Happened(reason="because", about=about))
    expected = {"level": "info", "event": "something.happened", "outcome": "success", "reason": "because"}
    assert lines(stream) == [expected | {"about": str(about)}]


def test_an_event_reported_at_another_level_is_logged_at_that_level(stream: StringIO) -> None:
    configure_logging("info", "json", stream=stream)
    report(Happened(reason="because"), level="debug")
    report(Happened(reason="because"), level="warning")
    assert [line["level"] for line in lines(stream)] == ["warning"]


def test_an_event_of_level_error_has_the_traceback(stream: StringIO) -> None:
    configure_logging("error", "json", stream=stream)
    try:
        1 / 0  # noqa: B018 - the cause
    except ZeroDivisionError:
        report(Broke())
    (line,) = lines(stream)
    assert line["level"] == "error"
    assert "ZeroDivisionError" in line["exception"]


@pytest.mark.parametrize("level", ["debug", "info", "error"])
def test_an_observer_receives_each_event_whether_it_is_logged_or_not(stream: StringIO, level: str) -> None:
    configure_logging(level, "json", stream=stream)
    observed: list[Event] = []
    with observed_events(observed.append):
        report(Happened(reason="because"))
    report(Happened(reason="afterwards"))
    assert observed == [Happened(reason="because")]
    assert len(lines(stream)) == (0 if level == "error" else 2)


def test_an_audited_event_logs_its_user_under_the_name_that_its_class_defines() -> None:
    user_id, by_id = uuid4(), uuid4()
    event = Barred(user_id=user_id, by_id=by_id)
    assert event.facts() == {"target_user_id": user_id, "by_id": by_id}
    assert event.data() == {"by_id": str(by_id)}
