"""`inv token` with another kind of server reports it in one line."""

import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from development import token

ANSWERS = [
    (404, b'{"error": "not found"}'),
    (200, b'{"token": "of another kind"}'),
    (500, b'["a list"]'),
    (200, b"<!doctype html>"),
]


@pytest.fixture(params=ANSWERS, ids=[content.decode() for _, content in ANSWERS])
def stranger(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of another kind of service."""
    status, content = request.param

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Suppress the request log."""

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_another_server_is_reported_as_such(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stranger: str
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(sys, "argv", ["inv token", "--url", stranger, "--username", "ada"])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "correct horse battery")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert token.main() == 1
    said = f"inv token: no doorward answers at {stranger}. Start it with: uv run inv dev\n"
    assert capsys.readouterr() == ("", said)
