"""A small application with the service's HTTP protocol, in a thread with its own event loop, and sockets to call it."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import uvicorn
from starlette.types import Receive, Scope, Send

from doorward.server.factory import ProtocolFactory
from doorward.server.limits import ConnectionLimits

Loop = Literal["asyncio", "uvloop"]
PATIENCE_SECONDS = 60
BIG = 16 * 1024 * 1024
"""The size in bytes of a response that exceeds all socket buffers."""

HOST = b"Host: doorward.test\r\n"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Application:
    """Responds depending on the path, and stores the received requests."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.cut_off: list[str] = []
        self._released = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def release(self) -> None:
        """Let the application send its held responses."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._released.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._loop = asyncio.get_running_loop()
        path = scope["path"]
        self.calls.append(path)
        body = b"" if path in {"/early", "/big", "/hold", "/slow"} else await self._body(path, receive)
        if path == "/hold":
            await self._released.wait()
        if path == "/wait":
            await self._body(path, receive)
        if path == "/slow":
            await asyncio.sleep(1)
        headers = [[name.decode(), value.decode()] for name, value in scope["headers"]]
        answer = json.dumps({"path": path, "headers": headers, "size": len(body)})
        await self._answer(answer.encode().ljust(BIG if path == "/big" else 0), send)

    async def _body(self, path: str, receive: Receive) -> bytes:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.cut_off.append(path)
                return b""
            part: bytes = message["body"]
            body += part
            if not message["more_body"]:
                return body

    async def _answer(self, body: bytes, send: Send) -> None:
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


class Client:
    """One connection."""

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(("127.0.0.1", port))
        self._reader = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_as_far_as_it_is_read(self, data: bytes) -> None:
        """Send data; ignore that the other side may close the connection."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def end(self) -> None:
        """Close this side only."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self) -> Answer:
        """Read the next response."""
        line = self._reader.readline()
        assert line.startswith(b"HTTP/1.1 "), line
        headers: dict[str, str] = {}
        while field := self._reader.readline().strip():
            name, _, value = field.decode().partition(": ")
            headers[name.lower()] = value
        return Answer(int(line.split()[1]), headers, self._reader.read(int(headers["content-length"])))

    def is_closed(self) -> bool:
        """Wait for the other side to close; return whether it did so without another byte."""
        try:
            return self._reader.read(1) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self._reader.close()
        self.socket.close()


class Server:
    """A running server."""

    def __init__(self, limits: ConnectionLimits, loop: Loop) -> None:
        self.application = Application()
        self.load: tuple[int, int] = (0, 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            self.application,
            http=ProtocolFactory(limits, is_https=True, observe=self._observe),  # type: ignore[arg-type] # a callable
            ws="none",
            loop=loop,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})
        self._clients: list[Client] = []

    def _observe(self, count: int, limit: int) -> None:
        self.load = (count, limit)

    def connect(self, receive_buffer: int | None = None) -> Client:
        client = Client(self._listener.getsockname()[1], receive_buffer)
        self._clients.append(client)
        return client

    def exchange(self, data: bytes) -> Answer:
        """Send bytes on a new connection; return the response."""
        client = self.connect()
        client.send_as_far_as_it_is_read(data)
        return client.answer()

    def release(self) -> None:
        """Let the application send its held responses."""
        self.application.release()

    def disconnect(self) -> None:
        """Close all clients."""
        while self._clients:
            self._clients.pop().close()

    @contextlib.contextmanager
    def running(self) -> Iterator["Server"]:
        self._thread.start()
        try:
            wait_until(lambda: self._server.started)
            yield self
        finally:
            self.release()
            self.disconnect()
            self._server.should_exit = True
            self._thread.join(PATIENCE_SECONDS)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def get(path: str, *fields: bytes) -> bytes:
    return f"GET {path} HTTP/1.1\r\n".encode() + HOST + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def chunked(path: str, rest: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\n".encode() + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + rest
