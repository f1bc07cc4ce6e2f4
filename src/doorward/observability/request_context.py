"""What is known of the request being answered: it is on every line written meanwhile, whoever writes it."""

import hashlib
from contextvars import ContextVar
from typing import Final
from uuid import UUID

CORRELATION_ID: Final = "correlation_id"
CLIENT: Final = "client"
USER_ID: Final = "user_id"
ACTOR: Final = "actor"
CLIENT_ID: Final = "client_id"
EXTERNAL_CALLER: Final = "external_caller"

_HASH_LENGTH: Final = 32
"""Hexadecimal digits: 128 bits, so that no two subjects can be made to have the same."""

_facts: ContextVar[dict[str, str] | None] = ContextVar("request_facts", default=None)
"""One dict a request, shared by all tasks that it starts."""


def begin_request(**facts: str) -> None:
    """Put these facts on every line written from here on in this task, and none of an earlier request."""
    _facts.set(facts)


def bind_session(*, session_id: UUID, user_id: UUID | None = None) -> None:
    """Add who is asking, once a genuine token or a password has said so."""
    facts = _facts.get()
    if facts is None:
        return
    facts["session_id"] = str(session_id)
    if user_id is not None:
        facts[USER_ID] = str(user_id)


def bind_client(client_id: str) -> None:
    """Add which OAuth client is asking, once it has authenticated."""
    facts = _facts.get()
    if facts is not None:
        facts[CLIENT_ID] = client_id


def bind_user(user_id: UUID) -> None:
    """Add who is asking without a session: a user that a foreign issuer vouches for."""
    facts = _facts.get()
    if facts is not None:
        facts[USER_ID] = str(user_id)


def bind_external_caller(issuer: str, subject: str) -> None:
    """Add who is asking without being a user here: a hash of what a foreign issuer calls it, which no line shows."""
    facts = _facts.get()
    if facts is not None:
        name = f"{issuer}\n{subject}".encode()
        facts[EXTERNAL_CALLER] = hashlib.sha256(name).hexdigest()[:_HASH_LENGTH]


def request_facts() -> dict[str, str]:
    """Return what is known; nothing outside a request."""
    return _facts.get() or {}


def current_client() -> str:
    """Return the canonical address of the client of the request being answered, or an empty string outside one."""
    return request_facts().get(CLIENT, "")


def current_caller() -> str:
    """Return what names the caller of the request being answered; an empty string while none is known.

    The user, else the OAuth client, else the foreign subject.
    """
    facts = request_facts()
    return facts.get(USER_ID) or facts.get(CLIENT_ID) or facts.get(EXTERNAL_CALLER, "")


def current_correlation_id() -> str:
    """Return the id of the request being answered, or an empty string outside one."""
    return request_facts().get(CORRELATION_ID, "")
