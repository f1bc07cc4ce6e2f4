"""Smoke test of a service that has just been started: `smoke.py URL`. Uses the standard library only.

With `--restore`, also test a backup and its restore as in docs/operations/backup.md, on the Compose project of `inv
up`.
"""

import json
import secrets
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

COMPOSE = ["docker", "compose", "--project-directory", ".", "-f", "docker/compose.yaml"]
AUTH = "/api/v1/auth"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Client:
    """HTTP calls, each with its expected status."""

    def __init__(self, base: str) -> None:
        self._base = base
        # Do not use a proxy for this machine's own address.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def call(self, expected: int, method: str, path: str, body: bytes | None = None, **headers: str) -> dict[str, str]:
        request = urllib.request.Request(self._base + path, data=body, method=method, headers=headers)
        try:
            with self._opener.open(request, timeout=120) as response:
                status, answer = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, answer = error.code, error.read()
        print(f"{method} {path} -> {status}", flush=True)
        assert status == expected, f"expected {expected}"
        return json.loads(answer)

    def post(self, expected: int, path: str, body: dict[str, str]) -> dict[str, str]:
        return self.call(expected, "POST", AUTH + path, json.dumps(body).encode(), **JSON)

    def register(self) -> tuple[str, str]:
        name, password = "smoke" + secrets.token_hex(4), secrets.token_urlsafe(18)
        self.post(201, "/register", {"email": f"{name}@example.com", "username": name, "password": password})
        return name, password

    def log_in(self, name: str, password: str, expected: int = 200) -> dict[str, str]:
        form = urllib.parse.urlencode({"username": name, "password": password}).encode()
        return self.call(expected, "POST", f"{AUTH}/token", form, **FORM)

    def me(self, tokens: dict[str, str], expected: int = 200) -> dict[str, str]:
        return self.call(expected, "GET", f"{AUTH}/me", Authorization=f"Bearer {tokens['access_token']}")


def check_basic_flow(client: Client) -> None:
    """Check readiness, registration, login and /me."""
    client.call(200, "GET", "/health/readiness")
    name, password = client.register()
    person = client.me(client.log_in(name, password))
    assert person["username"] == name, "another user's account"


def run(*command: str) -> None:
    print("$", *command, flush=True)
    subprocess.run(command, check=True)


def back_up_and_restore(client: Client, file: Path) -> None:
    """Check that a restore brings back the state of the backup, removes later accounts, and ends all sessions."""
    early = client.register()
    tokens = client.log_in(*early)
    run("uv", "run", "--locked", "inv", "backup", "--file", str(file))
    late = client.register()
    client.me(client.log_in(*late))
    # No call is in progress.
    run(*COMPOSE, "stop", "--timeout", "1", "service")
    run("uv", "run", "--locked", "inv", "restore", "--file", str(file), "--yes")
    run(*COMPOSE, "run", "--rm", "--no-deps", "service", "end-all-sessions", "--yes")
    run(*COMPOSE, "up", "--detach", "--wait", "--no-recreate", "service")
    client.me(tokens, expected=401)
    client.post(401, "/refresh", {"refresh_token": tokens["refresh_token"]})
    client.log_in(*late, expected=401)
    person = client.me(client.log_in(*early))
    assert person["username"] == early[0], "another user's account"


if __name__ == "__main__":
    service = Client(sys.argv[1])
    if sys.argv[2:3] == ["--restore"]:
        back_up_and_restore(service, Path(sys.argv[3]) / "doorward.dump")
    else:
        check_basic_flow(service)
