"""The service as a process that trusts issuers, and its item calls."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import requests
from psycopg.rows import dict_row

from development.proof.service import proof_settings, running_service
from doorward.infrastructure.migrations import migrate

ITEMS: Final = "/api/v1/items"
CALL_SECONDS: Final = 60
ROLES: Final = {"items-editor": ["items:read", "items:write"], "items-reader": ["items:read"]}


class TrustingService:
    """A running service with its trusted issuers."""

    def __init__(self, url: str, database_url: str) -> None:
        self.url = url
        self._database_url = database_url

    def create(self, token: str) -> requests.Response:
        """Create an item."""
        return self._call("POST", ITEMS, token, json={"title": "An item"})

    def list_items(self, token: str) -> requests.Response:
        """List the items that the token's subject can see."""
        return self._call("GET", ITEMS, token)

    def statuses(self, token: str) -> tuple[int, int]:
        """Return the statuses of reading and writing."""
        return self.list_items(token).status_code, self.create(token).status_code

    def read(self, token: str, location: str) -> requests.Response:
        """Read an item."""
        return self._call("GET", location, token)

    def code(self, token: str) -> str:
        """Return the error code of a refused list."""
        answer: str = self.list_items(token).json()["code"]
        return answer

    def users(self, issuer: str) -> list[dict[str, Any]]:
        """Return the local users of an issuer's subjects."""
        query = (
            "SELECT subject, users.* FROM federated_identities JOIN users ON user_id = id"
            " WHERE issuer = %s ORDER BY subject, users.created_at"
        )
        with psycopg.connect(self._database_url, row_factory=dict_row) as connection:
            return connection.execute(query, (issuer,)).fetchall()

    def deactivate(self, issuer: str, subject: str) -> None:
        """Deactivate the local user of a subject, like the operator's command."""
        query = (
            "UPDATE users SET is_active = false FROM federated_identities"
            " WHERE user_id = id AND issuer = %s AND subject = %s"
        )
        with psycopg.connect(self._database_url) as connection:
            connection.execute(query, (issuer, subject))

    def _call(self, method: str, path: str, token: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=CALL_SECONDS, **options)


@contextlib.contextmanager
def trusting(database_url: str, *entries: dict[str, Any]) -> Iterator[TrustingService]:
    """Run a service that trusts these issuers, on a migrated database."""
    migrate(database_url)
    with running_service(proof_settings(database_url, TRUSTED_ISSUERS=json.dumps(entries))) as url:
        yield TrustingService(url, database_url)
