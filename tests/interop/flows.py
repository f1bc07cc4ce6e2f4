"""The flows that each third-party client tries, and the expected sessions afterwards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import httpx
import psycopg

from development.client import ITEMS, ME, PASSWORD, REGISTER, REVOKE, TOKEN, Person, new_person

REFRESHES: Final = 2
PROGRAM_TOKEN: Final = "/oauth/token"
INTROSPECTION: Final = "/oauth/introspect"
CLIENT_ID: Final = "foreign"
"""Some libraries require one; the service's own login ignores it."""


SCOPE: Final = "items:read"
"""The scope of the program that acts for itself."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The id and the secret of a client."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Site:
    """A running service, its URLs in the form in which clients are configured, and its database."""

    url: str
    database_url: str
    program: Credentials
    """A client with the client credentials grant."""

    @property
    def token_url(self) -> str:
        return self.url + TOKEN

    @property
    def revoke_url(self) -> str:
        return self.url + REVOKE

    @property
    def me_url(self) -> str:
        return self.url + ME

    @property
    def items_url(self) -> str:
        return self.url + ITEMS

    @property
    def program_token_url(self) -> str:
        return self.url + PROGRAM_TOKEN

    @property
    def introspection_url(self) -> str:
        return self.url + INTROSPECTION

    def addresses(self, person: Person) -> dict[str, str]:
        """Return the configuration for a program in another language."""
        return {
            "url": self.url,
            "token_path": TOKEN,
            "revoke_path": REVOKE,
            "me_path": ME,
            "items_path": ITEMS,
            "client_id": CLIENT_ID,
            "program_token_path": PROGRAM_TOKEN,
            "introspection_path": INTROSPECTION,
            "program_id": self.program.client_id,
            "program_secret": self.program.secret,
            "program_scope": SCOPE,
            "username": person.username,
            "password": person.password,
        }

    def register(self) -> Person:
        """Register a new account with a unique name."""
        person = new_person()
        body = {"email": person.email, "username": person.username, "password": PASSWORD}
        httpx.post(self.url + REGISTER, json=body, trust_env=False).raise_for_status()
        return person

    def sessions_of(self, person: Person) -> list[tuple[int, str | None]]:
        """Return for each login of the person the number of refreshes, and the reason of its end."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(
                """
                SELECT sessions.generation, sessions.end_reason
                FROM sessions
                JOIN users ON users.id = sessions.user_id
                WHERE users.username = %(username)s
                ORDER BY sessions.created_at
                """,
                {"username": person.username},
            ).fetchall()


class Flow(StrEnum):
    """One flow of a client. Each is tried with a separate person."""

    LOGIN = "log in"
    """Log in with user name and password, then call `/me`."""
    REFRESH = "refresh"
    """Log in once, then call `/me` with two expired access tokens: the client refreshes, automatically if it can."""
    REUSE = "refusal of a used token"
    """Present a used refresh token; return the error's code as the client reports it."""
    LOGOUT = "log out"
    """Revoke the refresh token (RFC 7009)."""
    LOGOUT_BY_ACCESS_TOKEN = "log out with the access token"
    CLIENT_CREDENTIALS = "client credentials"
    """Get a token with id and secret, then list items; return the status."""
    DISCOVERY = "discovery"
    """Do the same, configured with only the URL of the service (RFC 8414)."""
    INTROSPECTION = "introspection"
    """Introspect that token (RFC 7662); return its scope, then whether another text is an active token."""


Seen = Sequence[str]
"""The client's results: names in the responses of `/me`, or the code of an error."""
Try = Callable[[Site, Person], Seen]
Client = Mapping[Flow, Try]

SESSIONS_AFTER: Final[Mapping[Flow, list[tuple[int, str | None]]]] = {
    Flow.LOGIN: [(0, None)],
    # One login: a client that logged in again instead of refreshing would have two.
    Flow.REFRESH: [(REFRESHES, None)],
    Flow.REUSE: [(1, "reuse")],
    Flow.LOGOUT: [(0, "logout")],
    Flow.LOGOUT_BY_ACCESS_TOKEN: [(0, "logout")],
    Flow.CLIENT_CREDENTIALS: [],
    Flow.DISCOVERY: [],
    Flow.INTROSPECTION: [],
}


def expected(flow: Flow, person: Person) -> Seen:
    """Return the expected result of every client."""
    return {
        Flow.LOGIN: [person.username],
        Flow.REFRESH: [person.username] * (1 + REFRESHES),
        Flow.REUSE: ["invalid_grant"],
        Flow.CLIENT_CREDENTIALS: ["200"],
        Flow.DISCOVERY: ["200"],
        Flow.INTROSPECTION: [SCOPE, "false"],
    }.get(flow, [])
