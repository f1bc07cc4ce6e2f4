"""People with random names, and the calls that they make."""

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

import requests

from tests.e2e.canaries import EVIDENCE, NAME_MARK, PASSWORD_MARK

T = TypeVar("T")

TIMEOUT_SECONDS: Final = 600
"""For a machine that does other work, too: password hashes give way to everything."""

REGISTER: Final = "/api/v1/auth/register"
TOKEN: Final = "/api/v1/auth/token"
ME: Final = "/api/v1/auth/me"
REFRESH: Final = "/api/v1/auth/refresh"
REVOKE: Final = "/api/v1/auth/revoke"
ITEMS: Final = "/api/v1/items"
SEARCH: Final = f"{ITEMS}/search"
IMPORT: Final = f"{ITEMS}/import"
LIVENESS: Final = "/health/liveness"
READINESS: Final = "/health/readiness"


@dataclass(frozen=True)
class Person:
    """Somebody whom no other test knows."""

    username: str = field(default_factory=lambda: f"{NAME_MARK}{secrets.token_hex(8)}")
    password: str = field(default_factory=lambda: f"{PASSWORD_MARK}-{secrets.token_urlsafe(8)}")

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"


@dataclass(frozen=True)
class Tokens:
    """What a login gave."""

    access: str
    refresh: str


class Server(Protocol):
    """Whatever answers the calls: a service, or what stands in front of several."""

    @property
    def base_url(self) -> str: ...


class Client:
    """The calls of the API. Each has a connection of its own, and passes by any proxy that the environment names."""

    def __init__(self, service: Server, headers: dict[str, str] | None = None) -> None:
        self._service = service
        self._headers = headers or {}

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", TIMEOUT_SECONDS)
        # An answer that a test keeps would keep its connection open.
        options["headers"] = {"Connection": "close", **self._headers, **options.get("headers", {})}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, self._service.base_url + path, **options)
        EVIDENCE.saw(answer)
        return answer

    def register(self, person: Person) -> requests.Response:
        return self.call(
            "POST",
            REGISTER,
            json={"email": person.email, "username": person.username, "password": person.password},
        )

    def token(self, person: Person) -> requests.Response:
        return self.call("POST", TOKEN, data={"username": person.username, "password": person.password})

    def me(self, access_token: str, **options: Any) -> requests.Response:
        return self.call("GET", ME, headers={"Authorization": f"Bearer {access_token}"}, **options)

    def items(self, access_token: str, method: str = "GET", path: str = ITEMS, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {access_token}", **options.pop("headers", {})}
        return self.call(method, path, headers=headers, **options)

    def import_items(self, access_token: str, file: bytes | Iterable[bytes], **parameters: str) -> requests.Response:
        headers = {"Content-Type": "text/csv"}
        return self.items(access_token, "POST", IMPORT, data=file, params=parameters, headers=headers)

    def refresh(self, refresh_token: str) -> requests.Response:
        return self.call("POST", REFRESH, json={"refresh_token": refresh_token})

    def revoke(self, refresh_token: str) -> requests.Response:
        return self.call("POST", REVOKE, json={"refresh_token": refresh_token})

    def new_person(self) -> Person:
        """Register somebody new."""
        person = Person()
        answer = self.register(person)
        assert answer.status_code == 201, answer.text
        return person

    def log_in(self, person: Person | None = None) -> Tokens:
        """Log in, as somebody new unless told otherwise."""
        return tokens_of(self.token(person or self.new_person()))


def tokens_of(answer: requests.Response) -> Tokens:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return Tokens(body["access_token"], body["refresh_token"])


def all_at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make the calls at the same moment, each in a thread of its own."""
    barrier = threading.Barrier(len(calls))

    def make(call: Callable[[], T]) -> T:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(make, calls))
