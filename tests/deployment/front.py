"""Clients that send forwarding header fields, and the budgets of their addresses."""

import contextlib
import itertools
import ssl
from collections.abc import Callable

import httpx

from development.client import READINESS, REFRESH
from tests.deployment.proxies import PROXY, Prepare, client_at

HOST = "auth.example.com"
LIMIT = 3
HOSTILE: tuple[list[tuple[str, str]], ...] = (
    [],
    [("X-Forwarded-For", "203.0.113.9")],
    [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "203.0.113.10, 203.0.113.11")],
    [("X-Forwarded-For", f"203.0.113.9, {PROXY}")],
    [("X-Forwarded-For", ', ,unknown, "_hidden", 999.1.1.1, ::1%lo, [::1')],
    [("X-Forwarded-For", ",".join(f"203.0.113.{number}" for number in range(200)))],
    [("Forwarded", 'for=203.0.113.9;proto=http;host="evil.example";by=203.0.113.1')],
    [("X-Forwarded-Proto", "http"), ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", "evil.example")],
    [("X-Forwarded-Prefix", "/evil"), ("X-Original-URL", "/evil"), ("X-Rewrite-URL", "/evil"), ("X-Script-Name", "/x")],
    [("X-Real-IP", "203.0.113.9"), ("X-Client-IP", "203.0.113.9"), ("CF-Connecting-IP", "203.0.113.9")],
    [("X_Forwarded_For", "203.0.113.9"), ("X-Forwarded-Port", "99999"), ("Via", "1.1 evil.example")],
)
"""Sets of header fields with which a client might pretend to be another one. Each is sent in one call."""

numbers = itertools.count(1)

Start = Callable[[Prepare, str], contextlib.AbstractContextManager[int]]
"""Starts a proxy in front of an address, and yields its port."""


def is_ready(port: int, context: ssl.SSLContext) -> bool:
    with contextlib.suppress(httpx.TransportError), new_client(port, context, PROXY) as client:
        return client.get(READINESS).is_success
    return False


def new_client(port: int, context: ssl.SSLContext, source: str | None = None) -> httpx.Client:
    """Return a client, by default with an address that no other test has."""
    return client_at(port, source or f"127.1.0.{next(numbers)}", context, f"https://{HOST}")


def refresh(client: httpx.Client, headers: list[tuple[str, str]] | None = None) -> int:
    return client.post(REFRESH, json={"refresh_token": "dwr_unknown"}, headers=headers).status_code
