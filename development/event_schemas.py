"""JSON schemas of audited events for other systems, one file for each type and version."""

import json
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from doorward.core.events import AuditedEvent, event_classes

FOLDER: Final = Path("docs/events")
_WORDS: Final = ("title", "description")
"""Members of a schema that only describe it."""


class BreakingChangeError(Exception):
    """A schema lost or changed a member without a new ``version`` of the event's class."""


def audited_classes() -> list[type[AuditedEvent]]:
    """Return the events of the product that are stored in the audit log."""
    found = [each for each in event_classes(AuditedEvent) if each.__module__.startswith("doorward.")]
    return [each for each in found if issubclass(each, AuditedEvent)]


def schema_files() -> dict[Path, str]:
    """Return the content of each schema file by its path."""
    return {FOLDER / f"{each.type}.v{each.version}.json": text_of_schema(each) for each in audited_classes()}


def text_of_schema(event: type[AuditedEvent]) -> str:
    """Return the JSON schema of an event in the format of its file."""
    schema = TypeAdapter(event).json_schema()
    data = without_class_names(schema, schema.get("$defs", {}))
    described = {
        "title": event.type,
        "description": meaning_of(event),
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "type": {"const": event.type},
            "timestamp": {"type": "string", "format": "date-time"},
            "version": {"const": event.version},
            "sequence": {"type": "integer"},
            "correlation_id": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "data": data,
        },
        "required": ["id", "type", "timestamp", "version", "sequence", "correlation_id", "data"],
    }
    return json.dumps(described, indent=2) + "\n"


def without_class_names(schema: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return pydantic's schema with the definitions inlined, because the names of classes may change."""
    if isinstance(schema, list):
        return [without_class_names(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return without_class_names(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    kept = {name: each for name, each in schema.items() if name not in {*_WORDS, "$defs"}}
    return {name: without_class_names(each, definitions) for name, each in kept.items()}


def meaning_of(event: type) -> str:
    """Return the event's docstring as one line."""
    return " ".join((event.__doc__ or "").split())


def breaking_changes(old: object, new: object, place: str = "") -> list[str]:
    """Return the members of ``old`` that ``new`` removes or changes. Receivers of the old schema may rely on them."""
    if isinstance(old, dict) and isinstance(new, dict):
        kept = [name for name in old if name not in _WORDS]
        found = [f"{place}/{name}" for name in kept if name not in new]
        for name in kept:
            found += breaking_changes(old[name], new[name], f"{place}/{name}") if name in new else []
        return found
    if isinstance(old, list) and isinstance(new, list) and place.endswith(("/enum", "/required")):
        return [] if set(old) <= set(new) else [place]
    return [] if old == new else [place]


def write_schemas() -> None:
    """Write the schema files. Raises ``BreakingChangeError`` for a schema that would lose or change a member."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in schema_files().items():
        if path.exists():
            changes = breaking_changes(json.loads(path.read_text(encoding="utf-8")), json.loads(text))
            if changes:
                raise BreakingChangeError(f"{path}: {', '.join(changes)}. Raise the version of the event's class")
        path.write_text(text, encoding="utf-8")
