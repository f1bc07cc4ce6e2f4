"""How documents of an issuer are fetched: within two seconds and 256 KiB, without redirects.

A module of its own: the service uses this package for foreign issuers without an HTTP client.
"""

import asyncio
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import httpx2

from doorward_client.addresses import is_loopback
from doorward_client.exceptions import FetchError
from doorward_client.key_sets import FetchedKeys
from doorward_client.transports import ClientCredentials

SECONDS: Final = 2.0
"""For one answer as a whole, from the connection to the last byte."""

LARGEST_ANSWER: Final = 256 * 1024
"""Bytes."""

# An answer that is compressed could be a thousand times larger than what was received.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "doorward-client"}


class HttpTransport:
    """Asks over HTTP. Each call has a connection of its own, so that event loops and threads share nothing."""

    def __init__(self, *, seconds: float = SECONDS, largest_answer: int = LARGEST_ANSWER) -> None:
        self._seconds = seconds
        self._largest_answer = largest_answer
        self._tls: ssl.SSLContext | None = None

    async def get(self, address: str) -> FetchedKeys:
        """Return the document at the address. Raises ``FetchError``."""
        body, headers = await self._answer("GET", address)
        return FetchedKeys(body, headers.get("Cache-Control", ""))

    async def post(self, address: str, form: Mapping[str, str], credentials: ClientCredentials) -> bytes:
        """Return the answer to a form. Raises ``FetchError``."""
        # RFC 6749 section 2.3.1: both are encoded as in a form first.
        pair = (quote(credentials.client_id, safe=""), quote(credentials.client_secret, safe=""))
        body, _ = await self._answer("POST", address, form, pair)
        return body

    async def _answer(
        self, method: str, address: str, form: Mapping[str, str] | None = None, pair: tuple[str, str] | None = None
    ) -> tuple[bytes, httpx2.Headers]:
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client(address, await self._tls_context()) as client,
                client.stream(method, address, data=form, auth=pair) as response,
            ):
                return await self._body(response), response.headers
        except TimeoutError as error:
            raise FetchError(f"There was no answer within {self._seconds} s.") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as error:
            raise FetchError(f"The issuer could not be asked ({type(error).__name__}).") from error

    def _client(self, address: str, tls: ssl.SSLContext) -> httpx2.AsyncClient:
        # A proxy of the environment cannot reach this machine's own addresses.
        return httpx2.AsyncClient(
            verify=tls, headers=_HEADERS, timeout=self._seconds, trust_env=not is_loopback(address)
        )

    async def _body(self, response: httpx2.Response) -> bytes:
        if response.status_code != HTTPStatus.OK:
            raise FetchError(f"The issuer answered {response.status_code}.")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise FetchError("The issuer compressed its answer, unasked.")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._largest_answer:
                raise FetchError(f"The answer is longer than {self._largest_answer} bytes.")
        return bytes(body)

    async def _tls_context(self) -> ssl.SSLContext:
        """Return the authorities to trust, read once, in a thread: it takes some tens of milliseconds."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(httpx2.create_ssl_context)
        return self._tls
