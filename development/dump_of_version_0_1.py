"""Create the database that the upgrade test starts from: `python -m development.dump_of_version_0_1 CHECKOUT`.

CHECKOUT is a work tree of version 0.1, schema 0003 (commit 140b7c4). The script runs that service on an embedded
PostgreSQL, uses it over HTTP, and writes a dump of the database and the tokens that clients hold. Both files are
committed, so it does not have to run again.
"""

import gzip
import json
import secrets
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import bcrypt
import httpx
import psycopg

from development.postgres import POSTGRES_BIN_PATH, EmbeddedPostgres
from development.proof.service import proof_settings, running_service

FOLDER: Final = Path(__file__).parents[1] / "tests" / "integration" / "upgrade"
PUBLISHED: Final = "q7Rk2vXw9Zs4Tb6Yc1Nf8Hd3Gj5Lm0Pq"
"""Part of the key, which production rejects because it is published in the repository."""

SECONDS: Final = 60
MINIMUM_COST: Final = 4
IDLE_DAYS: Final = 8


@dataclass(frozen=True)
class Account:
    """A user account with its password."""

    id: str
    email: str
    username: str
    password: str


class Version01:
    """Calls to the old service."""

    def __init__(self, client: httpx.Client, database_url: str) -> None:
        """Take an HTTP client of the service, and its database for changes that the API does not offer."""
        self._client = client
        self._database_url = database_url

    def register(self, username: str) -> Account:
        """Register an account."""
        password = secrets.token_urlsafe(12)
        body = {"email": f"{username}@example.com", "username": username, "password": password}
        return Account(self._call("POST", "auth/register", json=body)["id"], body["email"], username, password)

    def import_account(self, username: str, prefix: bytes) -> Account:
        """Create an account with a plain bcrypt hash, as MIGRATION imports them from other systems."""
        account = self.register(username)
        plain = bcrypt.hashpw(account.password.encode(), bcrypt.gensalt(MINIMUM_COST))
        stored = plain.replace(b"$2b$", prefix, 1).decode()
        self.sql("UPDATE users SET password_hash = %s WHERE id = %s", stored, account.id)
        return account

    def log_in(self, account: Account) -> dict[str, str]:
        """Start a session; return its tokens."""
        return self._tokens("auth/token", data={"username": account.username, "password": account.password})

    def refresh(self, tokens: dict[str, str]) -> dict[str, str]:
        """Refresh a session; return its new tokens."""
        return self._tokens("auth/refresh", json={"refresh_token": tokens["refresh"]})

    def reuse(self, tokens: dict[str, str]) -> None:
        """Use a refresh token that was used before. Raises ``RuntimeError`` unless it is refused."""
        answer = self._client.post("auth/refresh", json={"refresh_token": tokens["refresh"]})
        if answer.status_code != httpx.codes.UNAUTHORIZED:
            raise RuntimeError(answer.text)

    def log_out(self, tokens: dict[str, str]) -> None:
        """Revoke a session."""
        self._call("POST", "auth/revoke", json={"refresh_token": tokens["refresh"]})

    def items_of(self, tokens: dict[str, str]) -> list[dict[str, Any]]:
        """Create items with several versions and both visibilities; return all of them as the service shows them."""
        headers = {"Authorization": f"Bearer {tokens['access']}"}
        bodies = [
            {"title": "Heat", "tags": ["Crime", "Drama"], "year": 1995},
            {"title": "L\u00e9on", "description": "Two lines\nof text", "visibility": "shared"},
            {"title": "\u4e03\u4eba\u306e\u4f8d", "tags": ["Drama"], "year": 1954, "visibility": "shared"},
        ]
        made = [self._call("POST", "items", json=body, headers=headers) for body in bodies]
        self._call("PATCH", f"items/{made[0]['id']}", json={"year": 1996}, headers=headers)
        self._call("PATCH", f"items/{made[0]['id']}", json={"description": "Changed twice"}, headers=headers)
        self._call("PUT", f"items/{made[1]['id']}", json={"title": "Leon"}, headers=headers)
        return [self._call("GET", f"items/{each['id']}", headers=headers) for each in made]

    def sql(self, query: str, *parameters: object) -> None:
        """Execute SQL for changes that no API call makes."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            connection.execute(query.encode(), parameters)

    def _tokens(self, path: str, **options: Any) -> dict[str, str]:  # noqa: ANN401 - httpx's own
        body = self._call("POST", path, **options)
        return {"access": body["access_token"], "refresh": body["refresh_token"]}

    def _call(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        answer = self._client.request(method, path, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def use(service: Version01) -> dict[str, Any]:
    """Create every state that an account or a session can be in; return the clients' data by state."""
    people = {
        "current hash": service.register("current"),
        "plain hash 2b": service.import_account("plain2b", b"$2b$"),
        "plain hash 2a": service.import_account("plain2a", b"$2a$"),
        "plain hash 2y": service.import_account("plain2y", b"$2y$"),
        "inactive": service.register("inactive"),
    }
    account = people["current hash"]
    live, refreshed, used, ended, reused, idle = (service.log_in(account) for _ in range(6))
    sessions = {"live": live, "refreshed": service.refresh(refreshed), "ended": ended, "idle": idle}
    sessions |= {"used": used, "after used": service.refresh(used)}
    sessions |= {"reused": reused, "after reused": service.refresh(reused)}
    service.reuse(reused)
    service.log_out(ended)
    sessions["inactive"] = service.log_in(people["inactive"])
    service.sql("UPDATE users SET is_active = false WHERE id = %s", people["inactive"].id)
    items = service.items_of(live)
    # The last login is the idle one: its timestamps are set back by more than the idle limit.
    service.sql(
        "UPDATE refresh_families SET created_at = created_at - %s * interval '1 day',"
        " expires_at = expires_at - %s * interval '1 day' WHERE id = %s",
        *(IDLE_DAYS, IDLE_DAYS, _session_of(idle)),
    )
    return {"people": {kind: asdict(each) for kind, each in people.items()}, "sessions": sessions, "items": items}


def _session_of(tokens: dict[str, str]) -> str:
    import jwt  # noqa: PLC0415 - of this one step

    claims: dict[str, str] = jwt.decode(tokens["access"], options={"verify_signature": False})
    return claims["sid"]


def main() -> int:
    """Write the dump and the clients' data."""
    code = Path(sys.argv[1]).resolve() / "src"
    with EmbeddedPostgres(durable=False) as server:
        settings = proof_settings(server.url(), SECRET_KEY=PUBLISHED + secrets.token_urlsafe(24))
        host = {"PYTHONPATH": str(code)}
        migration = [sys.executable, "-m", "doorward", "migrate"]
        subprocess.run(migration, check=True, env={**settings, **host}, cwd="/")
        with (
            running_service(settings, host) as url,
            httpx.Client(base_url=f"{url}/api/v1/", timeout=SECONDS, trust_env=False) as client,
        ):
            held = use(Version01(client, server.url()))
        held |= {"secret_key": settings["SECRET_KEY"], "made_at": datetime.now(UTC).isoformat()}
        dump = [str(POSTGRES_BIN_PATH / "pg_dump"), "--no-owner", "--no-privileges", server.url()]
        dumped = subprocess.run(dump, check=True, capture_output=True).stdout
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "version_0_1.sql.gz").write_bytes(gzip.compress(dumped, mtime=0))
    (FOLDER / "version_0_1.json.gz").write_bytes(gzip.compress(json.dumps(held, indent=1).encode(), mtime=0))
    print(f"written: {len(dumped)} bytes of SQL, and what clients hold, below {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
