"""The facts about the current request. They are added to every line that is logged during the request."""

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
"""Number of hexadecimal digits: 128 bits, so that subjects cannot be chosen to collide."""

_facts: ContextVar[dict[str, str] | None] = ContextVar("request_facts", default=None)
"""One dict for each request, shared by all tasks that it starts."""


def begin_request(**facts: str) -> None:
    """Replace the facts of an earlier request in this task by these."""
    _facts.set(facts)


def bind_session(*, session_id: UUID, user_id: UUID | None = None) -> None:
    """Add the session and the user, once a valid token or password has proven them."""
    facts = _facts.get()
    if facts is None:
        return
    facts["session_id"] = str(session_id)
    if user_id is not None:
        facts[USER_ID] = str(user_id)


def bind_client(client_id: str) -> None:
    """Add the OAuth client, once it has authenticated."""
    facts = _facts.get()
    if facts is not None:
        facts[CLIENT_ID] = client_id


def bind_user(user_id: UUID) -> None:
    """Add a user without a session here: one with a token of a trusted issuer."""
    facts = _facts.get()
    if facts is not None:
        facts[USER_ID] = str(user_id)


def bind_external_caller(issuer: str, subject: str) -> None:
    """Add a caller with a token of a trusted issuer and no user here, as a hash, so that no line shows the subject."""
    facts = _facts.get()
    if facts is not None:
        name = f"{issuer}\n{subject}".encode()
        facts[EXTERNAL_CALLER] = hashlib.sha256(name).hexdigest()[:_HASH_LENGTH]


def request_facts() -> dict[str, str]:
    """Return the known facts; empty outside a request."""
    return _facts.get() or {}


def current_client() -> str:
    """Return the canonical address of the current request's client, or an empty string outside a request."""
    return request_facts().get(CLIENT, "")


def current_caller() -> str:
    """Return the caller of the current request, or an empty string while it is unknown.

    It is the id of the user, else of the OAuth client, else the hash of the external caller.
    """
    facts = request_facts()
    return facts.get(USER_ID) or facts.get(CLIENT_ID) or facts.get(EXTERNAL_CALLER, "")


def current_correlation_id() -> str:
    """Return the correlation id of the current request, or an empty string outside a request."""
    return request_facts().get(CORRELATION_ID, "")
