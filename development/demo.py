"""`inv demo`: walks the whole flow against a running service, showing each request and answer."""

import argparse
import secrets
import sys
from collections.abc import Mapping
from json import dumps
from typing import Any, Final

import requests

from development.arguments import base_url, exit_with

Body = Mapping[str, str] | None
Answer = dict[str, Any]

TIMEOUT_SECONDS: Final = 10
SHOWN_TOKEN_CHARACTERS: Final = 24


class Demo:
    """One walk. Stops at the first answer that is not as it should be."""

    def __init__(self, url: str) -> None:
        """Take where the service runs."""
        self._auth = f"{url}/api/v1/auth"
        self._step = 0

    def walk(self) -> None:
        """Register, log in, refresh, reuse, log in again, revoke."""
        name = f"demo-{secrets.token_hex(4)}"
        password = secrets.token_urlsafe(12)
        account = {"email": f"{name}@example.com", "username": name, "password": password}
        login = {"username": name, "password": password}
        self._call("Register", "POST", "/register", 201, json=account)
        first = self._call("Log in", "POST", "/token", 200, data=login)
        self._call("Who am I?", "GET", "/me", 200, token=first["access_token"])
        second = self._call("Refresh: a new pair", "POST", "/refresh", 200, json=_refresh(first))
        self._call("The old token again: theft is assumed", "POST", "/refresh", 401, json=_refresh(first))
        self._call("The whole session is over", "GET", "/me", 401, token=second["access_token"])
        self._call("The new token too", "POST", "/refresh", 401, json=_refresh(second))
        third = self._call("Log in again", "POST", "/token", 200, data=login)
        self._call("Log out", "POST", "/revoke", 204, json=_refresh(third))
        self._call("Refused from the next request on", "GET", "/me", 401, token=third["access_token"])
        self._call("And no refresh", "POST", "/refresh", 401, json=_refresh(third))
        print("\nAll answers are as they should be.")

    def _call(
        self,
        title: str,
        method: str,
        path: str,
        expected: int,
        *,
        token: str | None = None,
        json: Body = None,
        data: Body = None,
    ) -> Answer:
        self._step += 1
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        print(f"\n{self._step}. {title}\n   {method} /api/v1/auth{path}  {_shown(json or data)}")
        response = requests.request(
            method, self._auth + path, headers=headers, json=json, data=data, timeout=TIMEOUT_SECONDS
        )
        answer: Answer = response.json() if response.content else {}
        print(f"   {response.status_code} {response.reason}  {_shown(answer)}")
        if response.status_code != expected:
            raise UnexpectedAnswerError(f"expected {expected}, got {response.status_code}")
        return answer


class UnexpectedAnswerError(Exception):
    """The service did not answer as the contract says."""


def _refresh(pair: Answer) -> dict[str, str]:
    return {"refresh_token": pair["refresh_token"]}


def _shown(content: Mapping[str, object] | None) -> str:
    if not content:
        return ""
    if "code" in content:
        return f"{content['code']}: {content['detail']}"
    return dumps({key: _shortened(key, value) for key, value in content.items()})


def _shortened(key: str, value: object) -> object:
    if key == "password":
        return "********"
    return f"{str(value)[:SHOWN_TOKEN_CHARACTERS]}..." if key.endswith("_token") else value


def main() -> int:
    """Walk; return the exit status."""
    parser = argparse.ArgumentParser(prog="inv demo")
    parser.add_argument("--url", type=base_url, default="http://localhost:8000")
    url: str = parser.parse_args().url
    try:
        Demo(url).walk()
    except requests.RequestException:
        print(f"inv demo: no doorward answers at {url}. Start it with: uv run inv dev", file=sys.stderr)
        return 1
    except UnexpectedAnswerError as error:
        print(f"inv demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    exit_with(main)
