"""Example to copy: a client of doorward for Python programs. docs/clients.md explains its rules.

async with httpx.AsyncClient(base_url="https://auth.example.com") as http:
    client = DoorwardClient(http)
    await client.log_in("ada", "correct horse battery")
    answer = await client.call("GET", "/api/v1/auth/me")
    await client.log_out()
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx

TOKEN: Final = "/api/v1/auth/token"  # noqa: S105 - a path
SECOND_FACTOR: Final = "/api/v1/auth/second-factor/totp"
REFRESH: Final = "/api/v1/auth/refresh"
REVOKE: Final = "/api/v1/auth/revoke"
DEVICE: Final = "Doorward-Device"

ATTEMPTS: Final = 4
LONGEST_WAIT_SECONDS: Final = 30.0
REPEATABLE_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""The methods whose requests can be repeated without further effect (RFC 9110 section 9.2.2)."""


class LoginRefusedError(Exception):
    """The user name or the password is wrong."""


class SecondFactorRequiredError(Exception):
    """The password is correct, and the account has a second factor: ask the user for a code, and log in with it."""


class SecondFactorRefusedError(Exception):
    """The code is wrong or was used before. An authenticator application shows the next code within 30 seconds."""


class LoginThrottledError(Exception):
    """Too many wrong passwords for this account: tell the user to try again later. The password was not checked."""

    def __init__(self, retry_after_seconds: float) -> None:
        """Take the time to wait, which can be minutes, hours or days."""
        super().__init__(f"try again in {retry_after_seconds:.0f} seconds")
        self.retry_after_seconds = retry_after_seconds


class SessionEndedError(Exception):
    """There is no session, or it has ended: ask the user to log in."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of a login or a refresh."""

    access: str
    refresh: str


class TokenStore(Protocol):
    """Stores the tokens between calls."""

    def load(self) -> Tokens | None:
        """Return the tokens, None without a session."""

    def save(self, tokens: Tokens | None) -> None:
        """Replace the tokens, durably when this returns."""


class MemoryStore:
    """Tokens of one process, lost at its end."""

    def __init__(self) -> None:
        """Start without tokens."""
        self._tokens: Tokens | None = None

    def load(self) -> Tokens | None:
        """Return the tokens, None without a session."""
        return self._tokens

    def save(self, tokens: Tokens | None) -> None:
        """Replace the tokens."""
        self._tokens = tokens


class DeviceStore(Protocol):
    """Stores the token by which the account recognises this device. It outlives sessions: keep it after a logout."""

    def load(self) -> str | None:
        """Return the token, None on a new device."""

    def save(self, token: str) -> None:
        """Replace the token."""


class MemoryDevice:
    """A device token of one process. The next process is a new device."""

    def __init__(self) -> None:
        """Start as a new device."""
        self._token: str | None = None

    def load(self) -> str | None:
        """Return the token, None on a new device."""
        return self._token

    def save(self, token: str) -> None:
        """Replace the token."""
        self._token = token


class DoorwardClient:
    """One session. Tasks may call it concurrently."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        store: TokenStore | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        device: DeviceStore | None = None,
    ) -> None:
        """Take the HTTP client, the stores of the tokens and of the device's token, and the function that waits."""
        self._http = http
        self._store = store or MemoryStore()
        self._sleep = sleep
        self._device = device or MemoryDevice()
        self._changing_tokens = asyncio.Lock()

    async def log_in(self, username: str, password: str, code: str | None = None) -> None:
        """Begin a session. For an account with a second factor, ``code`` is the code of its authenticator application.

        Raises ``LoginRefusedError``, ``SecondFactorRequiredError``, ``SecondFactorRefusedError`` and
        ``LoginThrottledError``.
        """
        form = {"username": username, "password": password}
        device = self._device.load()
        headers = {} if device is None else {DEVICE: device}
        answer = await self._send("POST", TOKEN, is_repeatable=True, data=form, headers=headers)
        if _code_of(answer) == "second_factor_required":
            if code is None:
                raise SecondFactorRequiredError
            body = {"mfa_token": answer.json()["mfa_token"], "code": code}
            # Not repeated after a lost answer, because the code works once.
            answer = await self._send("POST", SECOND_FACTOR, is_repeatable=False, json=body, headers=headers)
            if _code_of(answer) == "invalid_second_factor":
                raise SecondFactorRefusedError
        if _is_throttled(answer):
            raise LoginThrottledError(_seconds_asked(answer))
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise LoginRefusedError
        self._store.save(_tokens_of(answer))

    async def call(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send a request with the access token; refresh the token once if it was refused.

        403 is returned to the caller, because a new token would be refused as well. Raises ``SessionEndedError``.
        """
        tokens = self._present_tokens()
        answer = await self._send_as(tokens, method, url, **options)
        if answer.status_code != httpx.codes.UNAUTHORIZED:
            return answer
        tokens = await self._refresh(tokens)
        answer = await self._send_as(tokens, method, url, **options)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise SessionEndedError
        return answer

    async def log_out(self) -> None:
        """End the session at the service, and delete the tokens in any case."""
        async with self._changing_tokens:
            tokens = self._store.load()
            self._store.save(None)
            if tokens is not None:
                body = {"refresh_token": tokens.refresh}
                (await self._send("POST", REVOKE, is_repeatable=True, json=body)).raise_for_status()

    async def _refresh(self, refused: Tokens) -> Tokens:
        """Return newer tokens than the refused ones. Concurrent calls share one refresh."""
        async with self._changing_tokens:
            tokens = self._present_tokens()
            if tokens != refused:
                return tokens
            # After a lost answer, the same token is sent again soon: if the service has a leeway, it returns the same
            # successor. Without a leeway the session may end; there is no other token to try.
            body = {"refresh_token": tokens.refresh}
            answer = await self._send("POST", REFRESH, is_repeatable=True, json=body)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._store.save(None)
                raise SessionEndedError
            successor = _tokens_of(answer)
            self._store.save(successor)
            return successor

    def _present_tokens(self) -> Tokens:
        tokens = self._store.load()
        if tokens is None:
            raise SessionEndedError
        return tokens

    async def _send_as(self, tokens: Tokens, method: str, url: str, **options: Any) -> httpx.Response:
        headers = {**options.pop("headers", {}), "Authorization": f"Bearer {tokens.access}"}
        return await self._send(method, url, is_repeatable=method in REPEATABLE_METHODS, headers=headers, **options)

    async def _send(self, method: str, url: str, *, is_repeatable: bool, **options: Any) -> httpx.Response:
        """Send a request; repeat it after 429, and, if it may be repeated, after 503 and a lost answer.

        A throttled login is not repeated: only the user knows whether the password was meant.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self._http.request(method, url, **options)
            except httpx.TransportError:
                if not is_repeatable or attempt == ATTEMPTS:
                    raise
                await self._sleep(random.uniform(0, 0.5 * 2**attempt))  # noqa: S311 - spreads clients in time
                continue
            if (device := answer.headers.get(DEVICE)) is not None:
                self._device.save(device)
            was_not_done = answer.status_code == httpx.codes.TOO_MANY_REQUESTS and not _is_throttled(answer)
            may_be_done = answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and is_repeatable
            if not (was_not_done or may_be_done) or attempt == ATTEMPTS:
                return answer
            await self._sleep(_seconds_to_wait(answer))
        raise AssertionError  # each last attempt returns or raises


def _code_of(answer: httpx.Response) -> str | None:
    """Return the ``code`` of a refusal."""
    if answer.headers.get("content-type") != "application/problem+json":
        return None
    return str(answer.json()["code"])


def _is_throttled(answer: httpx.Response) -> bool:
    return _code_of(answer) == "login_throttled"


def _seconds_asked(answer: httpx.Response) -> float:
    asked = answer.headers.get("retry-after", "")
    return float(asked) if asked.isdecimal() else 5.0


def _seconds_to_wait(answer: httpx.Response) -> float:
    """Return the requested delay plus a random part, so that refused clients do not retry together."""
    return min(_seconds_asked(answer), LONGEST_WAIT_SECONDS) + random.uniform(0, 1)  # noqa: S311 - as above


def _tokens_of(answer: httpx.Response) -> Tokens:
    answer.raise_for_status()
    body = answer.json()
    return Tokens(access=body["access_token"], refresh=body["refresh_token"])
