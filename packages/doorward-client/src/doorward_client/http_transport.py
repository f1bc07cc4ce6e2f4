"""The HTTP transport to an issuer: 2 s and 256 KiB per response, no redirects.

A separate module, because doorward itself uses this package for other issuers without an HTTP client.
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
"""Time limit of a whole call, from the connection to the last byte."""

MAXIMUM_RESPONSE_BYTES: Final = 256 * 1024
"""Maximum size of a response in bytes."""

# Decompression could make a response a thousand times larger than the limit on the received bytes.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "doorward-client"}


class HttpTransport:
    """Sends requests over HTTP. Each call opens its own connection, so that event loops and threads share none."""

    def __init__(self, *, seconds: float = SECONDS, maximum_response_bytes: int = MAXIMUM_RESPONSE_BYTES) -> None:
        self._seconds = seconds
        self._maximum_response_bytes = maximum_response_bytes
        self._tls: ssl.SSLContext | None = None

    async def get(self, address: str) -> FetchedKeys:
        """Return the document at the address. Raises ``FetchError``."""
        body, headers = await self._answer("GET", address)
        return FetchedKeys(body, headers.get("Cache-Control", ""))

    async def post(self, address: str, form: Mapping[str, str], credentials: ClientCredentials) -> bytes:
        """Post a form, and return the body of the response. Raises ``FetchError``."""
        # RFC 6749 section 2.3.1: id and secret are form-encoded first.
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
            raise FetchError(f"The request to the issuer failed ({type(error).__name__}).") from error

    def _client(self, address: str, tls: ssl.SSLContext) -> httpx2.AsyncClient:
        # A proxy from the environment variables cannot reach loopback addresses.
        return httpx2.AsyncClient(
            verify=tls, headers=_HEADERS, timeout=self._seconds, trust_env=not is_loopback(address)
        )

    async def _body(self, response: httpx2.Response) -> bytes:
        if response.status_code != HTTPStatus.OK:
            raise FetchError(f"The issuer answered {response.status_code}.")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise FetchError("The issuer sent a compressed response, which was not requested.")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._maximum_response_bytes:
                raise FetchError(f"The answer is longer than {self._maximum_response_bytes} bytes.")
        return bytes(body)

    async def _tls_context(self) -> ssl.SSLContext:
        """Return the TLS context. It is created once, in a thread, because that takes tens of milliseconds."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(httpx2.create_ssl_context)
        return self._tls
