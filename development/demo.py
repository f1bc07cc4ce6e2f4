"""`inv demo`: walks through the authentication flow on a running service, and shows each request and response."""

import argparse
import secrets
import sys

import requests

from development.admin_demo import AdminDemo
from development.arguments import base_url, exit_with
from development.walk import Answer, UnexpectedAnswerError, Walk


class Demo(Walk):
    """A user's session from login to logout, with a stolen refresh token."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "/api/v1/auth")

    def walk(self) -> None:
        """Register, log in, refresh, reuse a token, log in again, revoke."""
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


def _refresh(pair: Answer) -> dict[str, str]:
    return {"refresh_token": pair["refresh_token"]}


def main() -> int:
    """Run the demo; return the exit status."""
    parser = argparse.ArgumentParser(prog="inv demo")
    parser.add_argument("--url", type=base_url, default="http://localhost:8000")
    parser.add_argument("--admin", action="store_true", help="walk through administration, beside `inv dev` only")
    options = parser.parse_args()
    try:
        (AdminDemo(options.url) if options.admin else Demo(options.url)).walk()
    except requests.RequestException:
        print(f"inv demo: no doorward answers at {options.url}. Start it with: uv run inv dev", file=sys.stderr)
        return 1
    except UnexpectedAnswerError as error:
        print(f"inv demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    exit_with(main)
