"""Every event is a class, is reported by one function, and has only fields that are safe for the log and the audit."""

import ast
import json
import re
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest

import doorward.wiring.application  # noqa: F401 - events are found once their modules are imported
from development.documents import event_sections, facts_of
from development.event_schemas import FOLDER, audited_classes, breaking_changes, schema_files
from doorward.core.events import AuditedEvent, Event
from doorward.domain.federation.models import IssuerName
from doorward.domain.keys.models import KeyId
from doorward.domain.oauth.models import ClientId
from doorward.observability.events import REQUEST_FACTS
from doorward.wiring.events_out import event_types
from tests.architecture.sources import ROOT, at, called_name, calls_of, source_modules, text_of, tree_of

LOG: Final = Path("src/doorward/observability/logging.py")
NAME: Final = re.compile(r"[a-z_]+(\.[a-z_]+)+")
OF_EVERY_LINE: Final = {"timestamp", "level", "event", "logger", "exception", *REQUEST_FACTS}

OF_VERSION_0_1: Final = {
    *("auth.login.succeeded", "auth.login.failed", "auth.refresh.rotated", "auth.refresh.repeated"),
    *("auth.refresh.refused", "auth.refresh.reuse_detected", "auth.session.revoked", "auth.session.all_revoked"),
    *("auth.revocation.ignored", "auth.user.deactivated", "auth.user.activated", "auth.user.registered"),
    "auth.registration.refused",
    *("rate_limit.exceeded", "rate_limit.store_unavailable", "rate_limit.store_recovered"),
    "budget.exceeded",
    "config.insecure",
    *("service.listening", "service.draining", "service.parent_gone"),
    *("http.request", "http.connection.refused", "http.connections.exhausted", "http.request.disconnected"),
    *("http.request.crashed", "http.body.not_stored"),
    *("log.line_malformed", "log.lines_dropped"),
    *("items.imported", "items.import.refused"),
    *("metrics.not_shared", "metrics.scrape_failed"),
    "password_hash.queue_full",
    *("database.unavailable", "database.unsuitable", "database.shared_query_failed", "database.circuit.opened"),
    *("database.circuit.closed", "database.statement_late", "database.bulk_places_taken"),
    "database.schema_missing",
    *("clock.differs", "clock.agrees", "clock.crashed"),
    *("housekeeping.done", "housekeeping.failed", "housekeeping.refused", "housekeeping.crashed"),
}
"""The names that version 0.1 logged. Operators filter their logs by them, so this list never changes."""


def product_events() -> list[type[Event]]:
    return [event for _, events in event_sections() for event in events]


def test_only_the_logging_module_imports_structlog() -> None:
    strays = [
        at(path, node)
        for path in source_modules()
        if path != LOG
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", ""), *(alias.name for alias in node.names)]
        if name in {"structlog", "log"}
    ]
    assert not strays, "declare the event as a class and report(...) it"


def test_every_event_is_reported_somewhere() -> None:
    made = {called_name(call) for path in source_modules() for call in calls_of(path)}
    assert len(product_events()) > 40
    assert not [event.__name__ for event in product_events() if event.__name__ not in made]


def test_every_audited_event_can_be_sent_to_other_systems() -> None:
    assert set(event_types()) == {event.type for event in audited_classes()}


def test_event_names_are_dotted_words_and_unique() -> None:
    names = [event.log_event for event in product_events()]
    assert len(names) == len(set(names))
    assert not [name for name in names if not NAME.fullmatch(name)]


def test_every_event_of_version_0_1_keeps_its_name() -> None:
    assert len(OF_VERSION_0_1) == 49
    assert OF_VERSION_0_1 - {event.log_event for event in product_events()} == set()


def test_every_event_has_a_docstring() -> None:
    # A dataclass without a docstring gets its signature as its docstring.
    assert not [event for event in product_events() if (event.__doc__ or "").startswith((event.__name__, "None"))]


def test_events_of_accounts_and_sessions_have_an_outcome() -> None:
    assert not [event for event in product_events() if "domain.auth" in event.__module__ and event.outcome is None]


def test_no_event_repeats_a_field_of_every_log_line() -> None:
    """Except for the client that an event is about, which is not always the client that makes the request."""
    assert not [event for event in product_events() if (OF_EVERY_LINE - {"client_id"}) & set(facts_of(event))]


def is_fit_for_audit(hint: Any) -> bool:
    """Return whether the values are ids, numbers or members of an enumeration, and never user input or secrets."""
    if get_origin(hint) is Literal or hint in {ClientId, IssuerName, KeyId}:
        return True
    parts = get_args(hint)
    if parts:
        return all(is_fit_for_audit(part) for part in parts)
    return hint in {UUID, int, bool, type(None)} or issubclass(hint, StrEnum)


@pytest.mark.parametrize("event", audited_classes())
def test_an_audited_event_has_no_field_for_free_text(event: type[AuditedEvent]) -> None:
    hints = get_type_hints(event)
    assert all(is_fit_for_audit(hints[field.name]) for field in fields(event))
    assert not is_fit_for_audit(str)
    assert not is_fit_for_audit(dict[str, str])


def test_types_of_audited_events_are_dotted_words_and_unique() -> None:
    types = [event.type for event in audited_classes()]
    assert len(types) == len(set(types))
    assert not [name for name in types if not NAME.fullmatch(name)]


@pytest.mark.parametrize(("path", "text"), schema_files().items(), ids=str)
def test_a_schema_is_current_and_backwards_compatible(path: Path, text: str) -> None:
    assert (ROOT / path).exists(), "run: uv run inv docs"
    assert not breaking_changes(json.loads(text_of(path)), json.loads(text)), "raise the version of the event's class"
    assert text_of(path) == text, "run: uv run inv docs"


def test_every_schema_belongs_to_a_version_of_an_existing_event() -> None:
    versions = {event.type: event.version for event in audited_classes()}
    for path in (ROOT / FOLDER).iterdir():
        name, _, version = path.stem.rpartition(".v")
        assert 1 <= int(version) <= versions[name]
    assert len(list((ROOT / FOLDER).iterdir())) >= sum(versions.values())


OLD: Final = {"properties": {"reason": {"enum": ["logout"]}, "user_id": {"type": "string"}}, "required": ["reason"]}


@pytest.mark.parametrize(
    "change",
    [
        {"properties": {"reason": {"enum": ["reuse"]}, "user_id": {"type": "string"}}},
        {"properties": {"reason": {"enum": ["logout"]}, "user_id": {"type": "integer"}}},
        {"properties": {"reason": {"enum": ["logout"]}}},
        {"required": []},
    ],
)
def test_removing_or_changing_a_member_is_a_breaking_change(change: dict[str, Any]) -> None:
    assert len(breaking_changes(OLD, OLD | change)) == 1


def test_adding_members_and_values_is_not_a_breaking_change() -> None:
    properties = {"reason": {"enum": ["logout", "reuse"]}, "user_id": {"type": "string"}, "count": {"type": "integer"}}
    new = {"description": "New", "properties": properties, "required": ["reason", "count"]}
    assert breaking_changes(OLD | {"description": "Old"}, new) == []
