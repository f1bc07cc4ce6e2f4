"""The API client that the tests of all rings and the proofs share."""

import ssl
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, replace
from functools import cache
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import httpx

AUTH: Final = "/api/v1/auth"
REGISTER: Final = f"{AUTH}/register"
TOKEN: Final = f"{AUTH}/token"
ME: Final = f"{AUTH}/me"
REFRESH: Final = f"{AUTH}/refresh"
REVOKE: Final = f"{AUTH}/revoke"
ACCOUNT: Final = "/api/v1/account"
ITEMS: Final = "/api/v1/items"
SEARCH: Final = f"{ITEMS}/search"
IMPORT: Final = f"{ITEMS}/import"
LIVENESS: Final = "/health/liveness"
READINESS: Final = "/health/readiness"

PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that live for one test
OK: Final = 200
CREATED: Final = 201


@dataclass(frozen=True, slots=True)
class Person:
    """The data of an account. ``id`` is empty until the account is registered."""

    id: str
    email: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The tokens that a login or a refresh returned."""

    access: str
    refresh: str


class UnexpectedAnswerError(AssertionError):
    """A call that was expected to succeed failed."""


def new_person() -> Person:
    """Return the data of a new account with a unique name, not yet registered."""
    username = f"user-{uuid4().hex[:16]}"
    return Person("", f"{username}@example.com", username, PASSWORD)


def http_client(
    base_url: str, *, timeout: float, connections: int | None = None, headers: dict[str, str] | None = None
) -> httpx.AsyncClient:
    """Return a client of one base URL that ignores the proxy environment variables."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(
        base_url=base_url, timeout=timeout, limits=limits, headers=headers, trust_env=False, verify=_tls()
    )


@cache
def _tls() -> ssl.SSLContext:
    """Load the machine's certificate authorities once per process: loading takes longer than a call."""
    return ssl.create_default_context()


class ApiClient:
    """The calls of the API.

    ``post_...`` and ``get_...`` return any response; the other methods raise unless the call succeeded.
    """

    def __init__(self, client: httpx.AsyncClient, new_person: Callable[[], Person] = new_person) -> None:
        """Take the HTTP client, whose base URL is the service, and the factory of accounts to register."""
        self.client = client
        self._new_person = new_person

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Make any call; the path is sent unchanged, even if it begins with two slashes."""
        return await self.client.request(method, str(self.client.base_url).rstrip("/") + path, **options)

    async def post_register(self, username: str, email: str, password: str) -> httpx.Response:
        """Register an account."""
        return await self.call("POST", REGISTER, json={"email": email, "username": username, "password": password})

    async def post_token(self, username: str, password: str) -> httpx.Response:
        """Log in."""
        return await self.call("POST", TOKEN, data={"username": username, "password": password})

    async def post_login(self, person: Person) -> httpx.Response:
        """Log in with the user name of an account."""
        return await self.post_token(person.username, person.password)

    async def post_account(self, person: Person) -> httpx.Response:
        """Register an account."""
        return await self.post_register(person.username, person.email, person.password)

    async def post_refresh(self, token: str) -> httpx.Response:
        """Use a refresh token."""
        return await self.call("POST", REFRESH, json={"refresh_token": token})

    async def post_revoke(self, token: str) -> httpx.Response:
        """Log out."""
        return await self.call("POST", REVOKE, json={"refresh_token": token})

    async def post_refresh_form(self, token: str, **parameters: str) -> httpx.Response:
        """Use a refresh token with the form of RFC 6749."""
        form = {"grant_type": "refresh_token", "refresh_token": token, **parameters}
        return await self.call("POST", TOKEN, data=form)

    async def post_revoke_form(self, token: str, **parameters: str) -> httpx.Response:
        """Revoke an access or refresh token with the form of RFC 7009."""
        return await self.call("POST", REVOKE, data={"token": token, **parameters})

    async def get_me(self, access_token: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Get the account of an access token."""
        return await self.authorized("GET", ME, access_token, **options)

    async def post_password(self, access_token: str, current: str, new: str) -> httpx.Response:
        """Replace the password of the user's own account."""
        body = {"current_password": current, "new_password": new}
        return await self.authorized("POST", f"{ACCOUNT}/password", access_token, json=body)

    async def post_reauthenticate(self, access_token: str, password: str) -> httpx.Response:
        """Reauthenticate with the password."""
        return await self.authorized("POST", f"{ACCOUNT}/reauthenticate", access_token, json={"password": password})

    async def post_sessions_end(self, access_token: str, which: str) -> httpx.Response:
        """End the other sessions of the user's own account, or all."""
        return await self.authorized("POST", f"{ACCOUNT}/sessions/end", access_token, json={"which": which})

    async def post_deletion(self, access_token: str) -> httpx.Response:
        """Request the deletion of the user's own account after the grace period."""
        return await self.authorized("POST", f"{ACCOUNT}/deletion", access_token)

    async def post_restore(self, restore_token: str) -> httpx.Response:
        """Restore an account with the restore token of a refused login."""
        return await self.call("POST", f"{AUTH}/deletion/cancel", json={"restore_token": restore_token})

    async def post_reset(self, token: str, new_password: str) -> httpx.Response:
        """Set a new password with the token from a mail."""
        return await self.call("POST", f"{AUTH}/password/reset", json={"token": token, "new_password": new_password})

    async def post_email_change(self, access_token: str, new_email: str) -> httpx.Response:
        """Request a change of the e-mail address of the user's own account."""
        return await self.authorized("POST", f"{ACCOUNT}/email", access_token, json={"new_email": new_email})

    async def post_email_confirmation(self, access_token: str, token: str) -> httpx.Response:
        """Confirm a change of the e-mail address with the token from a mail."""
        return await self.authorized("POST", f"{ACCOUNT}/email/confirm", access_token, json={"token": token})

    async def post_verify(self, token: str, password: str) -> httpx.Response:
        """Verify an address with the token from a mail and the password of the account."""
        return await self.call("POST", f"{AUTH}/email/verify", json={"token": token, "password": password})

    async def authorized(self, method: str, path: str, access_token: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Make any call with an access token."""
        headers = {"Authorization": f"Bearer {access_token}", **options.pop("headers", {})}
        return await self.call(method, path, headers=headers, **options)

    async def items(self, access_token: str, method: str = "GET", path: str = ITEMS, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Make a call on items."""
        return await self.authorized(method, path, access_token, **options)

    async def post_import(
        self, access_token: str, file: bytes | AsyncIterable[bytes], **parameters: str
    ) -> httpx.Response:
        """Import items from a CSV file."""
        headers = {"Content-Type": "text/csv"}
        return await self.authorized("POST", IMPORT, access_token, content=file, params=parameters, headers=headers)

    async def register(self, *, password: str = "") -> Person:
        """Register a new account with a unique name."""
        person = self._new_person()
        person = replace(person, password=password or person.password)
        answer = await self.post_account(person)
        _require(answer, CREATED)
        return replace(person, id=answer.json()["id"])

    async def log_in(self, person: Person | None = None) -> Pair:
        """Start a session, by default of a new account."""
        person = person or await self.register()
        return pair(await self.post_login(person))

    async def register_and_log_in(self) -> tuple[Person, Pair]:
        """Register an account and start a session."""
        person = await self.register()
        return person, await self.log_in(person)

    async def refresh(self, token: str) -> Pair:
        """Use a refresh token and return its successor."""
        return pair(await self.post_refresh(token))


def pair(answer: httpx.Response) -> Pair:
    """Return the tokens of a login or refresh that succeeded."""
    _require(answer, OK)
    body = answer.json()
    return Pair(body["access_token"], body["refresh_token"])


def _require(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise UnexpectedAnswerError(f"{answer.request.method} {answer.request.url.path}: {answer.text}")
