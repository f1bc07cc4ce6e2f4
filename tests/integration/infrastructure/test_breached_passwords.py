"""Lookups of breached passwords: the data sent to the server, and the handling of its faults."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from doorward.domain.auth.ports import BreachesUnavailableError
from doorward.domain.outbox.schedule import FAULTS_IN_A_ROW, FIRST_PAUSE
from doorward.infrastructure.breached_passwords import MAXIMUM_BYTES, MAXIMUM_CONCURRENT_QUERIES, BreachServer
from doorward.infrastructure.outbound_http import HttpClient
from tests.integration.breach_server import Ranges, breach_server, digest_of, ok
from tests.integration.mail_server import Certificates
from tests.integration.service import Logs, events, mark

LEAKED = "a leaked passphrase"
PATIENT_SECONDS = 60.0
SHORT_SECONDS = 0.05


class SteadyClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def asking(port: int, *, seconds: float = PATIENT_SECONDS, steady: SteadyClock | None = None) -> BreachServer:
    http = HttpClient(f"http://127.0.0.1:{port}", tls=ssl.create_default_context())
    return BreachServer(http, total_seconds=seconds, steady=steady or SteadyClock())


@asynccontextmanager
async def asked(ranges: Ranges, *, seconds: float = PATIENT_SECONDS) -> AsyncIterator[BreachServer]:
    async with breach_server(ranges) as port:
        yield asking(port, seconds=seconds)


async def reason_of(server: BreachServer, password: str = LEAKED) -> str:
    """Return the reason why the password could not be looked up, or an empty text."""
    try:
        await server.contains(password)
    except BreachesUnavailableError as error:
        return error.reason
    return ""


async def test_a_leaked_password_is_found_and_another_is_not() -> None:
    async with asked(Ranges([LEAKED])) as server:
        assert await server.contains(LEAKED)
        assert not await server.contains(mark())


async def test_the_server_gets_five_characters_and_a_request_for_padding() -> None:
    ranges = Ranges([LEAKED])
    async with asked(ranges) as server:
        await server.contains(LEAKED)
    digest = digest_of(LEAKED)
    assert ranges.asked == [f"/range/{digest[:5]}"]
    (head,) = ranges.heads
    assert b"Add-Padding: true\r\n" in head
    assert digest[5:] not in head.decode()
    assert LEAKED not in head.decode()


async def test_a_padding_line_is_not_a_leak() -> None:
    ranges = Ranges()
    ranges.raw = ok(f"{digest_of(LEAKED)[5:]}:0\r\n")
    async with asked(ranges) as server:
        assert not await server.contains(LEAKED)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (ok("", status="302 Found", headers="Location: http://127.0.0.1:{port}/range/other\r\n"), "status"),
        (ok("busy", status="429 Too Many Requests"), "status"),
        (ok("broken", status="500 Internal Server Error"), "status"),
        (ok(""), "malformed"),
        (ok("<html>Sign in to the hotel's network</html>"), "malformed"),
        (ok("ABC:1\r\n"), "malformed"),
        (b"\x16\x03\x01 this is no HTTP", "malformed"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n" + b"0" * 35 + b":1\r\n", "malformed"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"0" * 35 + b":1\r\n", "malformed"),
        (b"", "malformed"),
        (ok("0" * (MAXIMUM_BYTES + 1)), "too_large"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * (MAXIMUM_BYTES + 1), "too_large"),
    ],
    ids=[
        *("redirect", "too many requests", "broken", "empty", "page of a network", "short digest", "no HTTP"),
        *("other protocol", "cut off", "without an end", "closed", "large body", "large head"),
    ],
)
async def test_an_invalid_response_is_a_fault_and_not_a_negative_result(raw: bytes, reason: str) -> None:
    ranges = Ranges()
    async with breach_server(ranges) as port:
        ranges.raw = raw.replace(b"{port}", str(port).encode())
        assert await reason_of(asking(port)) == reason
    assert len(ranges.asked) == 1, "a redirect was followed"


async def test_a_stalled_server_is_abandoned_after_the_timeout() -> None:
    ranges = Ranges()
    ranges.hold = asyncio.Event()
    async with asked(ranges, seconds=SHORT_SECONDS) as server:
        assert await reason_of(server) == "timeout"
        ranges.hold.set()


async def test_the_lookup_does_not_wait_for_the_end_of_the_connection() -> None:
    ranges = Ranges([LEAKED])
    ranges.ends_after_answer = False
    async with asked(ranges) as server:
        assert await server.contains(LEAKED)


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with asked(Ranges([LEAKED])) as server:
        assert await server.contains(LEAKED)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


async def test_the_servers_certificate_is_verified(certificates: Certificates) -> None:
    ranges = Ranges([LEAKED])
    async with breach_server(ranges, tls=certificates.server_context()) as port:
        trusting = HttpClient(f"https://127.0.0.1:{port}", tls=certificates.client_context())
        assert await BreachServer(trusting, total_seconds=PATIENT_SECONDS).contains(LEAKED)
        doubting = HttpClient(f"https://127.0.0.1:{port}", tls=ssl.create_default_context())
        assert await reason_of(BreachServer(doubting, total_seconds=PATIENT_SECONDS)) == "connection"
    async with breach_server(ranges, tls=certificates.server_context("127.0.0.2")) as port:
        elsewhere = HttpClient(f"https://127.0.0.1:{port}", tls=certificates.client_context())
        assert await reason_of(BreachServer(elsewhere, total_seconds=PATIENT_SECONDS)) == "connection"
    assert len(ranges.asked) == 1


async def test_after_five_faults_the_server_is_called_once_after_a_pause(logs: Logs) -> None:
    ranges, steady = Ranges([LEAKED]), SteadyClock()
    ranges.raw = ok("busy", status="503 Service Unavailable")
    async with breach_server(ranges) as port:
        server = asking(port, steady=steady)
        reasons = [await reason_of(server) for _ in range(FAULTS_IN_A_ROW + 2)]
        assert reasons == ["status"] * FAULTS_IN_A_ROW + ["circuit_open"] * 2
        assert len(ranges.asked) == FAULTS_IN_A_ROW
        steady.seconds += FIRST_PAUSE.total_seconds()
        at_once = await asyncio.gather(*(reason_of(server) for _ in range(10)))
        assert sorted(at_once) == ["circuit_open"] * 9 + ["status"]
        ranges.raw = None
        steady.seconds += 2 * FIRST_PAUSE.total_seconds()
        assert await server.contains(LEAKED)
        assert await server.contains(LEAKED)
    opened = events(logs, "auth.breach_check.circuit_opened")
    assert [line["seconds"] for line in opened] == [30, 60]
    assert len(events(logs, "auth.breach_check.circuit_closed")) == 1


async def test_waiting_for_a_slot_does_not_count_as_a_fault_of_the_server(logs: Logs) -> None:
    ranges = Ranges([LEAKED])
    ranges.hold = asyncio.Event()
    async with breach_server(ranges) as port:
        http = HttpClient(f"http://127.0.0.1:{port}", tls=ssl.create_default_context())
        server = BreachServer(http, total_seconds=PATIENT_SECONDS, wait_seconds=SHORT_SECONDS)
        under_way = [asyncio.create_task(reason_of(server)) for _ in range(MAXIMUM_CONCURRENT_QUERIES)]
        await asyncio.sleep(0)
        waiting = await asyncio.gather(*(reason_of(server) for _ in range(2 * FAULTS_IN_A_ROW)))
        assert waiting == ["busy"] * 2 * FAULTS_IN_A_ROW
        ranges.hold.set()
        assert await asyncio.gather(*under_way) == [""] * MAXIMUM_CONCURRENT_QUERIES
        assert await server.contains(LEAKED)
    assert len(ranges.asked) == MAXIMUM_CONCURRENT_QUERIES + 1
    assert events(logs, "auth.breach_check.circuit_opened") == []


async def test_an_unreachable_server_is_a_fault() -> None:
    async with breach_server(Ranges()) as port:
        pass
    assert await reason_of(asking(port)) == "connection"
