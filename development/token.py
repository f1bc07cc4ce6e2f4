"""`inv token`: logs in and prints a bearer token with a curl line."""

import argparse
import getpass
import sys

import requests

from development.arguments import base_url, exit_with


def main() -> int:
    """Log in; return the exit status."""
    parser = argparse.ArgumentParser(prog="inv token")
    parser.add_argument("--url", type=base_url, default="http://localhost:8000")
    parser.add_argument("--username", required=True)
    options = parser.parse_args()
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    form = {"username": options.username, "password": password}
    try:
        response = requests.post(f"{options.url}/api/v1/auth/token", data=form, timeout=10)
        said = response.json()["access_token" if response.ok else "detail"]
    except (requests.RequestException, KeyError, TypeError):
        print(f"inv token: no doorward answers at {options.url}. Start it with: uv run inv dev", file=sys.stderr)
        return 1
    if not response.ok:
        print(f"inv token: {said}", file=sys.stderr)
        return 1
    print(f"curl -H 'Authorization: Bearer {said}' {options.url}/api/v1/auth/me")
    return 0


if __name__ == "__main__":
    exit_with(main)
