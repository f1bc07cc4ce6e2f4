"""Names that never resolve occupy only a few separate threads."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest

from development.client import READINESS
from doorward.infrastructure.outbound import MAXIMUM_LOOKUPS, DocumentFetcher, DocumentUnavailableError
from tests.integration.service import MakeService

DEAD: Final = "dead.example"
FETCHES: Final = 64
"""More than the threads of the event loop's default executor, which has 32 at most."""

BOUND_SECONDS: Final = 60


class DeadNames:
    """Blocks lookups of one name, and counts them."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_over = threading.Event()
        self._resolve = socket.getaddrinfo

    def __call__(self, host: str, *arguments: Any, **named: Any) -> Any:
        if host != DEAD:
            return self._resolve(host, *arguments, **named)
        self.asked += 1
        self.is_over.wait()
        raise socket.gaierror


@pytest.fixture
def dead_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeadNames]:
    names = DeadNames()
    monkeypatch.setattr(socket, "getaddrinfo", names)
    yield names
    names.is_over.set()


async def reason_of_failure() -> str:
    fetcher = DocumentFetcher(tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), total_seconds=0.1)
    with pytest.raises(DocumentUnavailableError) as caught:
        await fetcher.fetch(f"https://{DEAD}/keys")
    return caught.value.reason


@pytest.mark.usefixtures("dead_names")
async def test_names_that_do_not_resolve_delay_nothing_else(make_service: MakeService) -> None:
    service = await make_service()
    reasons = await asyncio.gather(*(reason_of_failure() for _ in range(FETCHES)))
    assert set(reasons) == {"timeout"}
    async with asyncio.timeout(BOUND_SECONDS):
        assert await asyncio.to_thread(threading.get_ident) != threading.get_ident()
        assert (await service.client.get(READINESS)).status_code == 200
        assert (await service.register_and_log_in())[1].access
        assert await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80)


async def test_cancelled_lookups_that_have_not_started_never_start(dead_names: DeadNames) -> None:
    await asyncio.gather(*(reason_of_failure() for _ in range(FETCHES)))
    dead_names.is_over.set()
    assert await reason_of_failure() == "name_unknown"
    assert dead_names.asked <= MAXIMUM_LOOKUPS + 1
