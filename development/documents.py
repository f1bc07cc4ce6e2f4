"""Generates pages of docs/ from the code: configuration, events, problems, schema. Tests compare them."""

import ast
import inspect
import itertools
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

import doorward.domain.federation.exceptions
import doorward.server.exceptions
import doorward.wiring.application  # noqa: F401 - refusals are found once their modules are imported
from development.alerts import PAGE as ALERTS
from development.alerts import alerts
from development.chart_schema import PAGE as CHART_SCHEMA
from development.chart_schema import chart_schema
from development.dashboard import PAGE as DASHBOARD
from development.dashboard import dashboard
from development.event_schemas import meaning_of, write_schemas
from development.postgres import EmbeddedPostgres
from doorward.api.exceptions import RequestRefusedError
from doorward.api.problems import STATUS_OF_KIND, detail_of
from doorward.api.v1 import HTTP_HINTS
from doorward.core.events import AuditedEvent, Event, event_classes
from doorward.core.exceptions import DomainError
from doorward.infrastructure.migrations import migrate
from doorward.observability.events import REQUEST_FACTS
from doorward.settings.config import SECRETS, TOPICS
from doorward.settings.sources import SECRETS_FOLDER
from doorward.settings.topic import Topic

DOCS: Final = Path("docs")
OPERATION: Final = "Operation"
GENERATED_BY: Final = "Written by `inv docs` from the code. Do not edit."


def configuration_page() -> str:
    """Return docs/configuration.md: all settings by topic."""
    secrets = ", ".join(f"`{name.upper()}`" for name in SECRETS)
    return "\n".join(
        [
            "# Configuration",
            "",
            f"<!-- {GENERATED_BY} -->",
            "",
            "A setting is looked for in these places. Each is stronger than those before it:",
            "",
            "1. the default below;",
            "2. a line of `.env` in the working folder;",
            "3. an environment variable;",
            f"4. a file in `{SECRETS_FOLDER}` named like the setting, in any case. Those that hold a secret",
            f"   ({secrets}) can also be in any other file, which",
            "   the variable with `_FILE` after the name names: `SECRET_KEY_FILE=/etc/doorward/key`. It wins over",
            f"   `{SECRETS_FOLDER}`; a setting and its `_FILE` together are refused;",
            "5. AWS Secrets Manager, when `AWS_SECRETS_MANAGER_SECRET_NAME` is set.",
            "",
            "An empty variable is an unset one. A line end at the end of a file is no part of the value. A misspelt or",
            "unusable setting stops the start, and so does a file that cannot be read or a store that does not answer:",
            "in development, too. `doorward check-config` shows every setting and where it is from, secrets masked.",
            "",
            "In the folder of a running `inv dev`, commands for which no environment, key or database is configured",
            "use its database.",
            "",
            *(line for name, topic in TOPICS.items() for line in _topic_section(name, topic)),
        ]
    )


def _topic_section(name: str, topic: type[Topic]) -> list[str]:
    meanings = meanings_of(topic)
    rows = [
        f"| `{each.upper()}` | {_default(field.default)} | {meanings[each]} | `{(field.examples or [''])[0]}` |"
        for each, field in topic.model_fields.items()
    ]
    head = ["| Name | Default | Meaning | Example |", "|---|---|---|---|"]
    return [f"## {name.replace('_', ' ').capitalize()}", "", f"{topic.__doc__}", "", *head, *rows, ""]


def meanings_of(topic: type[Topic]) -> dict[str, str]:
    """Return the attribute docstring of each setting, parsed from the source: at run time it is not available."""
    meanings = {}
    for statement, below in itertools.pairwise(ast.walk(ast.parse(inspect.getsource(topic)))):
        match statement, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                meanings[name] = " ".join(text.split())
    return meanings


def _default(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value in ((), ""):
        return ""
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def problems_page() -> str:
    """Return docs/problems.md: all error responses."""
    rows = sorted({*_domain_problems(), *_request_problems()})
    return "\n".join(
        [
            "# Problems",
            "",
            f"<!-- {GENERATED_BY} -->",
            "",
            "Every error is `application/problem+json` (RFC 9457). `code` is stable, and `type` is",
            "`urn:doorward:problem:` followed by it. `error` is RFC 6749's name, sent by the token endpoints only.",
            "Of what you sent an answer repeats at most the names of unknown members and headers.",
            "",
            "| Status | `code` | What it says | `error` |",
            "|---|---|---|---|",
            *(f"| {status} | `{code}` | {detail} | {error} |" for status, code, detail, error in rows),
            "",
        ]
    )


def events_page() -> str:
    """Return docs/events.md: all events of the log, including those of the audit log."""
    return "\n".join(
        [
            "# Events",
            "",
            f"<!-- {GENERATED_BY} -->",
            "",
            "Each line of the log is one JSON object. `timestamp` (UTC), `level` and `event` are on every line; the",
            "names of events are stable. On each line that is written while a request is answered or a command runs",
            "are, as far as they are known:",
            "",
            *(f"- `{name}`: {meaning}" for name, meaning in REQUEST_FACTS.items()),
            "",
            "Lines with a `logger` are of libraries; their `event` is a sentence and not stable. `outcome` is",
            "`success` or `failure`.",
            "",
            "An event with a type is also a row of the table `audit_events`, stored in the transaction of the change.",
            "The type links to its JSON schema. Schemas of one version only grow: ignore members and words that you do",
            "not know.",
            *(line for title, events in event_sections() for line in ("", f"## {title}", "", *_event_table(events))),
            "",
        ]
    )


def event_sections() -> list[tuple[str, list[type[Event]]]]:
    """Return the sections of events by domain, each with its title; operational events come last."""
    sections: dict[str, list[type[Event]]] = {}
    for event in event_classes():
        package, *parts = event.__module__.split(".")
        if package == "doorward":
            title = parts[1].capitalize() if parts[0] == "domain" else OPERATION
            sections.setdefault(title, []).append(event)
    for events in sections.values():
        # Sort by module, so that the order of imports has no effect; the sort is stable within a module.
        events.sort(key=lambda event: event.__module__)
    return sorted(sections.items(), key=lambda section: (section[0] == OPERATION, section[0]))


def _event_table(events: list[type[Event]]) -> list[str]:
    cells = [
        (f"`{event.log_event}`", event.level, meaning_of(event), _listed(facts_of(event)), _link_to_schema(event))
        for event in events
    ]
    rows = [f"| {' | '.join(row)} |" for row in cells]
    return ["| `event` | Level | Means | Facts | Type |", "|---|---|---|---|---|", *rows]


def facts_of(event: type[Event]) -> list[str]:
    """Return the names of the fields that only this event has, and the client that it is about."""
    names = [field.name for field in fields(event) if field.name not in REQUEST_FACTS.keys() - {"client_id"}]
    if issubclass(event, AuditedEvent) and event.user_fact not in REQUEST_FACTS:
        names.append(event.user_fact)
    return ["outcome", *names] if event.outcome else names


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _link_to_schema(event: type[Event]) -> str:
    if not issubclass(event, AuditedEvent):
        return ""
    return f"[`{event.type}`](events/{event.type}.v{event.version}.json)"


def leaf_classes(root: type[Any]) -> list[type[Any]]:
    """Return the public subclasses of ``root``, at any depth."""
    found: list[type[Any]] = []
    for each in root.__subclasses__():
        is_public = each.__module__.startswith("doorward.") and not each.__name__.startswith("_")
        found += ([each] if is_public else []) + leaf_classes(each)
    return found


def _domain_problems() -> list[tuple[int, str, str, str]]:
    return [
        (
            STATUS_OF_KIND[each.kind],
            each.code,
            detail_of(each, HTTP_HINTS),
            f"`{each.oauth_error}`" if each.oauth_error else "",
        )
        for each in leaf_classes(DomainError)
    ]


def _request_problems() -> list[tuple[int, str, str, str]]:
    return [
        (each.status, each.code, each.explanation, f"`{each.oauth_error}`")
        for each in leaf_classes(RequestRefusedError)
    ]


def schema_page(postgres: EmbeddedPostgres, database: str) -> str:
    """Return docs/schema.sql: the tables of a migrated database, without pg_dump's own additions."""
    kept = [
        line
        for line in postgres.dump_schema(database).splitlines()
        if not line.startswith(("--", "SET ", "SELECT pg_catalog", "\\"))
    ]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    # PostgreSQL 18 generates the names of these constraints, from the table's name at the time the column was added.
    text = re.sub(r" CONSTRAINT \w+_not_null\d* NOT NULL", " NOT NULL", text)
    return f"-- The whole database. {GENERATED_BY}\n\n{text}\n"


def main() -> None:
    """Write the generated pages."""
    (DOCS / "configuration.md").write_text(configuration_page(), encoding="utf-8")
    (DOCS / "events.md").write_text(events_page(), encoding="utf-8")
    write_schemas()
    (DOCS / "problems.md").write_text(problems_page(), encoding="utf-8")
    DASHBOARD.write_text(dashboard(), encoding="utf-8")
    ALERTS.write_text(alerts(), encoding="utf-8")
    CHART_SCHEMA.write_text(chart_schema(), encoding="utf-8")
    with EmbeddedPostgres(durable=False) as postgres:
        migrate(postgres.url())
        (DOCS / "schema.sql").write_text(schema_page(postgres, "postgres"), encoding="utf-8")


if __name__ == "__main__":
    main()
