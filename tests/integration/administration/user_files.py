"""Helpers for imports and exports of users with the use cases on the application's database."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from doorward.core.ports import Clock
from doorward.domain.administration.exporting.models import ExportFormat, UserExportRequest
from doorward.domain.administration.importing.models import ImportOutcome, SkippedLine, UserFormat, UserImportRequest
from doorward.domain.administration.importing.user_import import Watcher
from doorward.domain.administration.models import OPERATOR, Actor
from doorward.wiring.user_files import create_user_export, create_user_import
from tests.integration.service import Service

COLUMNS: Final = "id, email, username, password_hash, external_id, roles, created_at, is_active"


@dataclass
class Imported:
    """The result of an import."""

    outcome: ImportOutcome
    skipped: list[SkippedLine] = field(default_factory=list)

    @property
    def numbers(self) -> tuple[int, int, int]:
        counts = self.outcome.counts
        return counts.stored, counts.already_stored, counts.skipped

    @property
    def codes(self) -> dict[int, str]:
        return {each.number: str(each.code) for each in self.skipped}


@dataclass
class UserFiles:
    """Imports and exports of one application."""

    service: Service
    clock: Clock | None = None
    """PostgreSQL's clock by default; tests of sessions use the application's."""

    async def store(
        self, file: bytes, source: UserFormat = "ndjson", actor: Actor = OPERATOR, **options: Any
    ) -> Imported:
        database = self.service.database
        settings = self.service.settings.hashes
        user_import = create_user_import(settings, database, self.clock or database.clock)
        skipped: list[SkippedLine] = []
        with database.bulk_slot():
            request = UserImportRequest(actor, source, **options)
            outcome = await user_import.run(io.BytesIO(file), request, Watcher(skipped.append))
        return Imported(outcome, skipped)

    async def export(self, format_: ExportFormat = "ndjson", *, with_hashes: bool = True) -> bytes:
        database, file = self.service.database, io.BytesIO()
        with database.bulk_slot():
            request = UserExportRequest(OPERATOR, format_, with_hashes=with_hashes)
            await create_user_export(database, self.clock or database.clock).write(file, request)
        return file.getvalue()

    def found(self, *emails: str) -> list[dict[str, Any]]:
        query = f"SELECT {COLUMNS}, email_verified_at FROM users WHERE email_key = ANY(%s) ORDER BY email_key"
        return self.service.sql(query, list(emails))


def lines(people: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(person).encode() + b"\n" for person in people)


def person(**members: Any) -> dict[str, Any]:
    """Return the data of a person who is not in the database."""
    name = f"p{uuid4().hex[:16]}"
    return {"email": f"{name}@example.com", "username": name, **members}
