"""What is known of the request being answered: it is on every line written meanwhile, whoever writes it."""

from contextvars import ContextVar
from typing import Final
from uuid import UUID

CORRELATION_ID: Final = "correlation_id"
CLIENT: Final = "client"
USER_ID: Final = "user_id"
ACTOR: Final = "actor"
CLIENT_ID: Final = "client_id"

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


def request_facts() -> dict[str, str]:
    """Return what is known; nothing outside a request."""
    return _facts.get() or {}


def current_client() -> str:
    """Return the canonical address of the client of the request being answered, or an empty string outside one."""
    return request_facts().get(CLIENT, "")


def current_user_id() -> str:
    """Return the user of the request being answered; an empty string while none is known."""
    return request_facts().get(USER_ID, "")


def current_caller() -> str:
    """Return the user or the OAuth client of the request being answered; an empty string while none is known."""
    facts = request_facts()
    return facts.get(USER_ID) or facts.get(CLIENT_ID, "")


def current_correlation_id() -> str:
    """Return the id of the request being answered, or an empty string outside one."""
    return request_facts().get(CORRELATION_ID, "")
