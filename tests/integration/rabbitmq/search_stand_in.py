"""A stand-in for OpenSearch, and documents for it."""

import json
from typing import Any

import httpx


def user_called(name: str) -> dict[str, Any]:
    """Return the indexed document of a user."""
    return {"username": name, "email": f"{name}@example.com", "created_at": "2026-03-01T00:00:00Z"}


class SearchStandIn:
    """Implements the bulk API with external versions. test_opensearch.py compares it with a real OpenSearch."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.is_away = False
        self._versions: dict[str, int] = {}

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url="http://search.example", transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            return httpx.Response(503)
        assert (request.url.path, request.headers["content-type"]) == ("/_bulk", "application/x-ndjson")
        lines = iter([json.loads(line) for line in request.content.decode().splitlines()])
        items = []
        for head in lines:
            ((action, where),) = head.items()
            items.append({action: self._write(action, where, next(lines) if action == "index" else {})})
        return httpx.Response(200, json={"items": items})

    def _write(self, action: str, where: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
        assert where["version_type"] == "external"
        user_id, version = where["_id"], where["version"]
        if version <= self._versions.get(user_id, -1):
            return {"status": 409, "error": {"type": "version_conflict_engine_exception"}}
        self._versions[user_id] = version
        was_there = self.documents.pop(user_id, None) is not None
        if action == "index":
            self.documents[user_id] = document
            return {"status": 200 if was_there else 201}
        return {"status": 200 if was_there else 404}
