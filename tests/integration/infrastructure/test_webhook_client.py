"""Sending webhooks: allowed addresses, and the handling of receiver faults."""

import asyncio
import ipaddress
import ssl
from collections.abc import Sequence
from typing import Any, Final

import pytest

from doorward.domain.webhooks.models import Answered, NoAnswer
from doorward.infrastructure.outbound import resolve_host
from doorward.infrastructure.webhooks.client import MAXIMUM_HEAD_BYTES, WebhookClient
from tests.integration.breach_server import Ranges, breach_server
from tests.integration.mail_server import Certificates
from tests.integration.webhook_receiver import OK, Receiver, answer_of, receiving

LOOPBACK: Final = (ipaddress.ip_network("127.0.0.0/8"),)
PATIENT_SECONDS: Final = 60.0
PUBLIC: Final = "93.184.216.34"
HEADERS: Final = {"Content-Type": "application/json"}


class Names:
    """Resolves names to these answers in turn, repeating the last one, and stores the requested names."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def client(
    *, networks: Sequence[Any] = LOOPBACK, names: Names | None = None, seconds: float = PATIENT_SECONDS
) -> WebhookClient:
    tls = ssl.create_default_context()
    return WebhookClient(networks=networks, tls=tls, resolve=names or resolve_host, total_seconds=seconds)


async def send(sender: WebhookClient, url: str, body: bytes = b"{}") -> Answered | NoAnswer:
    return await sender.send(url, HEADERS, body)


async def test_a_message_arrives_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    receiver = Receiver()
    async with receiving(receiver) as port:
        assert await send(client(), f"http://127.0.0.1:{port}/hook?team=a", b'{"a": 1}') == Answered(200)
    (got,) = receiver.got
    assert (got.target, got.body) == ("/hook?team=a", b'{"a": 1}')
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (answer_of(204), Answered(204)),
        (answer_of(500), Answered(500)),
        (answer_of(429, "Retry-After: 120"), Answered(429, 120)),
        (answer_of(503, "retry-after: Sun, 01 Mar 2026 12:00:00 GMT"), Answered(503)),
        (answer_of(503, "Retry-After: 99999999999999999999"), Answered(503)),
        (answer_of(503, "Retry-After: -5"), Answered(503)),
        (answer_of(500, "Retry-After: 120"), Answered(500)),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, Answered(200)),
        (b"HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\n\r\n" + answer_of(503), Answered(503)),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", NoAnswer("malformed")),
        (b"\x16\x03\x01 this is no HTTP", NoAnswer("malformed")),
        (b"", NoAnswer("malformed")),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * (MAXIMUM_HEAD_BYTES + 1), NoAnswer("too_large")),
    ],
    ids=[
        *(
            "204",
            "500",
            "seconds",
            "date",
            "long",
            "negative",
            "not busy",
            "continue",
            "hints",
            "other protocol",
            "no HTTP",
        ),
        *("closed", "endless head"),
    ],
)
async def test_a_response_has_a_status_and_a_missing_one_a_reason(answer: bytes, result: Answered | NoAnswer) -> None:
    async with receiving(Receiver(answer)) as port:
        assert await send(client(), f"http://127.0.0.1:{port}/") == result


async def test_a_redirect_is_not_followed() -> None:
    internal = Receiver()
    async with receiving(internal) as port:
        redirecting = Receiver(answer_of(302, f"Location: http://127.0.0.1:{port}/internal"))
        async with receiving(redirecting) as other:
            assert await send(client(), f"http://127.0.0.1:{other}/") == Answered(302)
    assert internal.got == []


async def test_an_endless_body_is_not_read() -> None:
    receiver = Receiver(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    receiver.tail = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    async with receiving(receiver) as port:
        assert await send(client(), f"http://127.0.0.1:{port}/") == Answered(200)
    assert receiver.sent < 32 * 1024 * 1024


async def test_a_stalled_receiver_is_abandoned_after_the_timeout() -> None:
    receiver = Receiver()
    receiver.hold = asyncio.Event()
    async with receiving(receiver) as port:
        assert await send(client(seconds=0.05), f"http://127.0.0.1:{port}/") == NoAnswer("timeout")
        receiver.hold.set()


async def test_a_slow_name_lookup_is_abandoned_after_the_timeout() -> None:
    class Stuck(Names):
        async def __call__(self, host: str, port: int) -> Sequence[str]:
            await asyncio.Event().wait()
            return await super().__call__(host, port)

    assert await send(client(names=Stuck([]), seconds=0.05), "https://stuck.example/") == NoAnswer("timeout")


async def test_an_unreachable_receiver_and_an_unknown_name_are_distinguished() -> None:
    async with breach_server(Ranges()) as port:
        pass
    assert await send(client(), f"http://127.0.0.1:{port}/") == NoAnswer("connection")
    assert await send(client(), "http://unknown.invalid/") == NoAnswer("name_unknown")


@pytest.mark.parametrize("host", ["a..example", ".example", f"{'a' * 64}.example"])
async def test_a_name_with_an_empty_or_too_long_label_is_unknown(host: str) -> None:
    assert await send(client(), f"https://{host}/") == NoAnswer("name_unknown")


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"], [PUBLIC, "127.0.0.1"], ["64:ff9b::7f00:1"], []],
    ids=["loopback", "mapped", "metadata", "one of two", "translated", "none"],
)
async def test_a_name_with_an_internal_address_is_not_called(addresses: Sequence[str]) -> None:
    receiver = Receiver()
    async with receiving(receiver) as port:
        sender = client(networks=(), names=Names(addresses))
        assert await send(sender, f"https://internal.example:{port}/") == NoAnswer("address_refused")
    assert receiver.got == []


async def test_the_connection_goes_to_the_address_that_was_vetted() -> None:
    """The name resolves to a public address at the check, and to an internal one afterwards."""
    receiver, internal = Receiver(), Receiver()
    async with receiving(receiver) as port, receiving(internal):
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        assert await send(client(names=names), f"http://rebinding.example:{port}/") == Answered(200)
        assert names.asked == [("rebinding.example", port)], "the name was resolved more than once"
        opened = (ipaddress.ip_network("127.0.0.1/32"),)
        second = await send(client(names=names, networks=opened), f"http://rebinding.example:{port}/")
        assert second == NoAnswer("address_refused")
    assert len(receiver.got) == 1
    assert receiver.got[0].headers["host"] == f"rebinding.example:{port}"


async def test_the_next_vetted_address_is_tried_when_one_cannot_be_reached() -> None:
    receiver = Receiver()
    async with receiving(receiver) as port:
        assert await send(client(names=Names(["127.0.0.9", "127.0.0.1"])), f"http://two.example:{port}/") == Answered(
            200
        )
    assert len(receiver.got) == 1


async def test_plain_http_is_allowed_only_to_permitted_networks() -> None:
    sender = client(names=Names([PUBLIC]))
    assert await send(sender, "http://public.example/") == NoAnswer("address_refused")
    assert sender.is_host_allowed("https://93.184.216.34/")
    assert not sender.is_host_allowed("http://93.184.216.34/")
    assert sender.is_host_allowed("http://127.0.0.1/")
    assert not sender.is_host_allowed("https://[::ffff:10.0.0.1]/")
    assert sender.is_host_allowed("https://name.example/")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


async def test_the_certificate_must_match_the_name_and_not_the_address(certificates: Certificates) -> None:
    receiver = Receiver()
    trusting = WebhookClient(
        networks=LOOPBACK,
        tls=certificates.client_context(),
        resolve=Names(["127.0.0.1"]),
        total_seconds=PATIENT_SECONDS,
    )
    async with receiving(receiver, tls=certificates.server_context("127.0.0.2")) as port:
        assert await send(trusting, f"https://127.0.0.2:{port}/") == Answered(200)
        assert await send(trusting, f"https://127.0.0.3:{port}/") == NoAnswer("tls")
        assert await send(client(names=Names(["127.0.0.1"])), f"https://127.0.0.2:{port}/") == NoAnswer("tls")
    assert len(receiver.got) == 1
