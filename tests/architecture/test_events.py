"""Events: what the code reports and what the catalogue promises are the same."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from doorward.observability.events import EVENTS, OPERATING_EVENTS, REQUEST_FACTS, SECURITY_EVENTS
from tests.architecture.sources import at, called_name, calls_of, source_modules

LEVELS: Final = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}
AT_ANY_LEVEL: Final = "log"
NAME: Final = re.compile(r"[a-z_]+(\.[a-z_]+)+")


class Report(NamedTuple):
    """One call of a logger."""

    where: str
    level: str | None
    name: ast.expr
    facts: frozenset[str | None]


def reports() -> Iterator[Report]:
    for path in source_modules():
        for call in calls_of(path):
            if is_report(call):
                yield report_of(path, call)


def is_report(call: ast.Call) -> bool:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id == "logger" and called_name(call) in {*LEVELS, AT_ANY_LEVEL}


def report_of(path: Path, call: ast.Call) -> Report:
    method = called_name(call)
    name = call.args[1 if method == AT_ANY_LEVEL else 0]
    return Report(at(path, call), LEVELS.get(method), name, frozenset(keyword.arg for keyword in call.keywords))


def named_reports() -> dict[str, list[Report]]:
    found: dict[str, list[Report]] = defaultdict(list)
    for report in reports():
        if isinstance(report.name, ast.Constant):
            found[str(report.name.value)].append(report)
    return found


def test_every_report_names_its_event_and_its_facts_where_it_is_made() -> None:
    vague = [report.where for report in reports() if not isinstance(report.name, ast.Constant) or None in report.facts]
    assert not vague, "a name that is put together cannot be looked for"


def test_every_event_of_the_code_is_in_the_catalogue_and_every_one_of_the_catalogue_in_the_code() -> None:
    assert set(named_reports()) == set(EVENTS), "observability/events.py lists what is reported"


def test_every_event_has_the_level_and_the_facts_that_the_catalogue_says() -> None:
    for name, made in named_reports().items():
        facts = {fact for report in made for fact in report.facts}
        assert facts == set(EVENTS[name].facts), name
        assert {report.level for report in made} <= {EVENTS[name].level, None}, name


def test_names_are_words_with_dots_and_each_is_there_once() -> None:
    assert len(EVENTS) == len(SECURITY_EVENTS) + len(OPERATING_EVENTS)
    assert not [name for name in EVENTS if not NAME.fullmatch(name)]


def test_security_events_tell_their_outcome() -> None:
    silent = {event.name for event in SECURITY_EVENTS if "outcome" not in event.facts}
    assert silent == {"config.insecure"}


def test_no_event_has_a_fact_that_every_line_has() -> None:
    taken = {"timestamp", "level", "event", "logger", "exception", *REQUEST_FACTS}
    assert not [event.name for event in EVENTS.values() if taken & set(event.facts)]
