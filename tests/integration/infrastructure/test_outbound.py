"""Fetching documents of other services: allowed addresses, and the handling of server faults."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from inspect import signature
from pathlib import Path
from typing import Final

import pytest

from doorward.infrastructure.outbound import (
    MAXIMUM_BYTES,
    PRIVATE_NETWORKS,
    Document,
    DocumentFetcher,
    DocumentUnavailableError,
    Resolve,
    resolve_host,
)
from doorward.infrastructure.outbound_addresses import allowed_addresses
from tests.integration.breach_server import Ranges, breach_server, ok
from tests.integration.mail_server import Certificates

PATIENT_SECONDS: Final = 60.0
PUBLIC: Final = "93.184.216.34"


class Names:
    """Resolves names to these answers in turn, repeating the last one, and stores the requested names."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def fetcher(
    *, resolve: Resolve = resolve_host, tls: ssl.SSLContext | None = None, seconds: float = PATIENT_SECONDS
) -> DocumentFetcher:
    return DocumentFetcher(tls=tls or ssl.create_default_context(), resolve=resolve, total_seconds=seconds)


async def reason_of(sender: DocumentFetcher, url: str, *, allows: bool = True) -> str:
    with pytest.raises(DocumentUnavailableError) as caught:
        await sender.fetch(url, allow_private_addresses=allows)
    return caught.value.reason


@pytest.fixture
async def server() -> AsyncIterator[tuple[Ranges, str]]:
    ranges = Ranges()
    async with breach_server(ranges) as port:
        yield ranges, f"http://127.0.0.1:{port}"


async def test_a_document_arrives_with_its_headers(server: tuple[Ranges, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    ranges, url = server
    ranges.raw = ok('{"keys": []}', headers="Cache-Control: max-age=300\r\n")
    document = await fetcher().fetch(f"{url}/a/jwks?tenant=1", allow_private_addresses=True)
    assert (document.body, document.headers["cache-control"]) == (b'{"keys": []}', "max-age=300")
    assert ranges.asked == ["/a/jwks?tenant=1"]
    assert b"authorization" not in ranges.heads[0].lower()
    assert b"cookie" not in ranges.heads[0].lower()


async def test_https_is_verified(tmp_path: Path) -> None:
    certificates, ranges = Certificates(tmp_path), Ranges()
    ranges.raw = ok("{}")
    async with breach_server(ranges, tls=certificates.server_context()) as port:
        url = f"https://127.0.0.1:{port}/jwks"
        trusting = fetcher(tls=certificates.client_context())
        assert isinstance(await trusting.fetch(url, allow_private_addresses=True), Document)
        assert await reason_of(fetcher(), url) == "connection"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ok("", status="302 Found", headers="Location: https://auth.example/jwks\r\n"), "status"),
        (ok("{}", status="500 Internal Server Error"), "status"),
        (ok("{}", status="203 Non-Authoritative"), "status"),
        (ok("x" * MAXIMUM_BYTES), "too_large"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * (MAXIMUM_BYTES + 1), "too_large"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "malformed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nX: y\r\n", "malformed"),
        (b"\x16\x03\x01 this is no HTTP", "malformed"),
        (b"", "malformed"),
    ],
    ids=[
        "redirect",
        "fault",
        "changed",
        "large",
        "large head",
        "short",
        "no last chunk",
        "half a head",
        "no HTTP",
        "nothing",
    ],
)
async def test_any_other_response_of_the_server_is_a_failure(
    server: tuple[Ranges, str], answer: bytes, reason: str
) -> None:
    ranges, url = server
    ranges.raw = answer
    assert await reason_of(fetcher(), f"{url}/jwks") == reason
    assert len(ranges.asked) == 1


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_a_response_without_a_length_ends_with_the_connection(server: tuple[Ranges, str], version: bytes) -> None:
    ranges, url = server
    ranges.raw = b"HTTP/" + version + b" 200 OK\r\nConnection: close\r\n\r\n{}"
    document = await fetcher().fetch(f"{url}/jwks", allow_private_addresses=True)
    assert document.body == b"{}"
    ranges.raw += b"x" * MAXIMUM_BYTES
    assert await reason_of(fetcher(), f"{url}/jwks") == "too_large"


HINTS: Final = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nCache-Control: max-age=1\r\n\r\n"


@pytest.mark.parametrize(
    ("pieces", "outcome"),
    [
        ([HINTS, ok("{}")], "{}"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n", HINTS, ok("{}")[:-2], b"{}"], "{}"),
        ([HINTS + ok("{}")], "{}"),
        ([HINTS, ok("{}", status="404 Not Found")], "status"),
        ([HINTS], "malformed"),
        ([HINTS] * 10_000, "too_large"),
    ],
    ids=["one", "two", "at once", "before a fault", "alone", "without end"],
)
async def test_informational_responses_are_skipped(pieces: Sequence[bytes], outcome: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            # Otherwise several pieces would be read as one.
            await asyncio.sleep(0.02 if len(pieces) < 10 else 0)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
        if outcome == "{}":
            document = await fetcher().fetch(url, allow_private_addresses=True)
            assert (document.body, "link" in document.headers) == (b"{}", False)
        else:
            assert await reason_of(fetcher(), url) == outcome


async def test_a_slow_server_is_abandoned_after_the_timeout(server: tuple[Ranges, str]) -> None:
    ranges, url = server
    ranges.hold = asyncio.Event()
    assert await reason_of(fetcher(seconds=0.05), f"{url}/jwks") == "timeout"
    ranges.hold.set()


async def test_a_response_with_its_head_is_limited_to_256_kib(server: tuple[Ranges, str]) -> None:
    ranges, url = server
    for length, reason in ((262_144, None), (262_145, "too_large")):
        head = ok("x" * 262_000)[:-262_000]
        ranges.raw = ok("x" * (length - len(head)))
        assert len(ranges.raw) == length
        if reason is None:
            assert await fetcher().fetch(f"{url}/jwks", allow_private_addresses=True)
        else:
            assert await reason_of(fetcher(), f"{url}/jwks") == reason


def test_the_default_timeout_is_two_seconds() -> None:
    assert signature(DocumentFetcher).parameters["total_seconds"].default == 2.0


async def test_a_port_without_a_server_is_a_fault(unused_tcp_port: int) -> None:
    assert await reason_of(fetcher(), f"http://127.0.0.1:{unused_tcp_port}/jwks") == "connection"


async def test_private_addresses_are_refused_without_permission(server: tuple[Ranges, str]) -> None:
    ranges, url = server
    for address in (url, url.replace("http:", "https:"), url.replace("127.0.0.1", "localhost")):
        assert await reason_of(fetcher(), address, allows=False) == "address_refused"
    assert ranges.asked == []


@pytest.mark.parametrize("url", ["http://auth.example/jwks", "http://93.184.216.34/jwks"])
@pytest.mark.parametrize("allows", [False, True], ids=["public only", "private too"])
async def test_plain_http_to_a_public_address_is_refused(url: str, *, allows: bool) -> None:
    assert await reason_of(fetcher(resolve=Names([PUBLIC])), url, allows=allows) == "address_refused"


@pytest.mark.parametrize(
    "addresses",
    [
        ["169.254.169.254"],
        ["fe80::1"],
        ["0.0.0.0"],
        ["224.0.0.1"],
        ["::ffff:169.254.169.254"],
        ["127.0.0.1", "169.254.169.254"],
        ["fd00:ec2::254"],
        ["fd20:ce::254"],
        ["100.100.100.200"],
        [],
    ],
    ids=" ".join,
)
async def test_link_local_and_cloud_metadata_addresses_are_refused_with_permission(addresses: Sequence[str]) -> None:
    assert await reason_of(fetcher(resolve=Names(addresses)), "https://auth.example/jwks") == "address_refused"


async def test_a_name_is_resolved_once_and_the_connection_goes_to_the_vetted_address(
    server: tuple[Ranges, str],
) -> None:
    ranges, url = server
    port = int(url.rpartition(":")[2])
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    ranges.raw = ok("{}")
    await fetcher(resolve=names).fetch(f"http://auth.example:{port}/jwks", allow_private_addresses=True)
    assert names.asked == [("auth.example", port)]
    assert ranges.heads[0].lower().count(b"host: auth.example") == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https:///jwks",
        "https://user:secret@auth.example/jwks",
        "https://auth.example/jwks#part",
        "https://auth.example/a b",
        "https://auth.example/a\r\nX: y",
        "https://auth.example\\@127.0.0.1/",
        "https://auth.example:0/",
        "https://auth.example:99999/",
        "https://[::1/",
        "https://ä.example/",
        "",
    ],
)
async def test_a_malformed_url_is_refused_without_a_lookup(url: str) -> None:
    names = Names(["127.0.0.1"])
    assert await reason_of(fetcher(resolve=names), url) == "address_malformed"
    assert names.asked == []


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example"])
async def test_an_invalid_host_name_is_unknown(host: str) -> None:
    assert await reason_of(fetcher(), f"https://{host}/") == "name_unknown"


def test_internal_networks_are_private() -> None:
    for address in ("10.1.2.3", "172.31.255.255", "192.168.0.1", "100.64.0.1", "127.0.0.1", "::1", "fd00::1"):
        assert allowed_addresses([address], (), only_networks=False) is None
        assert allowed_addresses([address], PRIVATE_NETWORKS, only_networks=True) == [address]
