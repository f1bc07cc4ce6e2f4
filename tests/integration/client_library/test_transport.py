"""HTTP requests to an issuer: every invalid response is an outage, after at most two seconds."""

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest

from doorward_client import Doorward, KeysUnavailableError
from doorward_client.exceptions import FetchError
from doorward_client.http_transport import MAXIMUM_RESPONSE_BYTES, SECONDS, HttpTransport
from doorward_client.testing import Issuer
from doorward_client.transports import ClientCredentials

SHORT_SECONDS: Final = 0.2
MANY_SECONDS: Final = 60


class Peer:
    """Sends the same bytes as each response, optionally with a pause after each byte."""

    def __init__(self, sent: bytes, pause: float = 0) -> None:
        self.sent = sent
        self.pause = pause
        self.received: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        self.received.append(head + await reader.readexactly(int(length.partition(b":")[2])))
        try:
            for part in [self.sent] if not self.pause else [bytes([each]) for each in self.sent]:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(self.pause)
        except ConnectionError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def listening(peer: Peer) -> AsyncIterator[str]:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 " + status, length, b"Connection: close", *headers, b"", body])


async def test_a_document_is_returned_with_its_lifetime() -> None:
    peer = Peer(answer(b"{}", b"Cache-Control: max-age=300"))
    async with listening(peer) as url:
        fetched = await HttpTransport().get(f"{url}/oauth/jwks")
    assert (fetched.body, fetched.cache_control) == (b"{}", "max-age=300")
    assert peer.received[0].startswith(b"GET /oauth/jwks HTTP/1.1\r\n")


async def test_a_form_is_sent_with_the_clients_credentials() -> None:
    peer = Peer(answer(b'{"active": true}'))
    credentials = ClientCredentials("dwc:orders", "dws/secret%")
    async with listening(peer) as url:
        assert await HttpTransport().post(f"{url}/introspect", {"token": "a.b.c"}, credentials) == b'{"active": true}'
    request = peer.received[0]
    assert b"Basic " + base64.b64encode(b"dwc%3Aorders:dws%2Fsecret%25") in request
    assert request.endswith(b"\r\n\r\ntoken=a.b.c")


CHUNKED_HEAD: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BAD_ANSWERS: Final[list[bytes]] = [
    answer(b"", b"Location: /elsewhere", status=b"302 Found"),
    answer(b"{}", b"Location: /elsewhere", status=b"308 Permanent Redirect"),
    answer(b"{}", status=b"404 Not Found"),
    answer(b"{}", status=b"401 Unauthorized"),
    answer(b"{}", status=b"204 No Content"),
    answer(b"{}", status=b"500 Internal Server Error"),
    answer(b"x" * (MAXIMUM_RESPONSE_BYTES + 1)),
    answer(gzip.compress(b"{}"), b"Content-Encoding: gzip"),
    CHUNKED_HEAD + b"40000\r\n" + b"x" * 0x40000 + b"\r\n1\r\nx\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: banana\r\n\r\n{}",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x00" * 100,
    b"",
]


@pytest.mark.parametrize("sent", BAD_ANSWERS, ids=range(len(BAD_ANSWERS)))
async def test_any_other_response_is_an_outage(sent: bytes) -> None:
    peer = Peer(sent)
    async with listening(peer) as url:
        with pytest.raises(FetchError):
            await HttpTransport(seconds=MANY_SECONDS).get(url)
    assert len(peer.received) == 1, "a redirect was followed, or a request was retried"


async def test_a_response_of_the_maximum_size_is_accepted() -> None:
    async with listening(Peer(answer(b"x" * MAXIMUM_RESPONSE_BYTES))) as url:
        assert len((await HttpTransport(seconds=MANY_SECONDS).get(url)).body) == MAXIMUM_RESPONSE_BYTES


@pytest.mark.parametrize("sent", [b"", answer(b" " * 1000)], ids=["silent", "a byte at a time"])
async def test_the_timeout_applies_to_the_whole_response(sent: bytes) -> None:
    peer = Peer(sent, pause=SHORT_SECONDS / 4)
    if not sent:
        peer.sent, peer.pause = b"H", MANY_SECONDS
    async with listening(peer) as url:
        with pytest.raises(FetchError, match="no answer within"):
            await HttpTransport(seconds=SHORT_SECONDS).get(url)


def test_the_default_timeout_is_two_seconds() -> None:
    assert SECONDS == 2.0


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://", "file:///etc/passwd"])
async def test_a_url_without_a_server_is_an_outage(address: str) -> None:
    with pytest.raises(FetchError):
        await HttpTransport().get(address)


async def test_a_proxy_of_the_environment_is_not_used_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with listening(Peer(answer(b"{}"))) as url:
        assert (await HttpTransport().get(url)).body == b"{}"


async def test_no_error_contains_the_token_or_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    async with listening(Peer(answer(b"a.b.c dws_secret", status=b"400 Bad Request"))) as url:
        with pytest.raises(FetchError) as failed:
            await HttpTransport().post(url, {"token": "a.b.c"}, ClientCredentials("dwc_orders", "dws_secret"))
    shown = f"{failed.value!r} {failed.value.__cause__!r} {caplog.text}"
    assert "a.b.c" not in shown
    assert "dws_secret" not in shown


async def test_after_disconnecting_a_test_issuer_the_real_issuer_is_used() -> None:
    issuer = Issuer()
    auth = Doorward("http://127.0.0.1:1", "https://orders.example")
    issuer.connect(auth)
    token = issuer.token("ada")
    assert await auth.verify(token)
    issuer.disconnect()
    with pytest.raises(KeysUnavailableError):
        await auth.verify(token)
