"""The measurements of OpenID providers, and their page."""

import json
import os
import shutil
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest
import requests

from benchmarks.codes import targets
from benchmarks.codes.measurement import page_of
from benchmarks.load import SingleUseRequests, get, run_load
from benchmarks.peers.code_server import REDIRECT_URI, Browser, CodeServer, code_in, codes_of
from benchmarks.peers.token_server import PeerMissingError, started_peers
from benchmarks.processes import Running
from benchmarks.samples import Sample, Series
from development.postgres import EmbeddedPostgres


class Recorder(BaseHTTPRequestHandler):
    """A handler that responds with the result of the server's function."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        status, headers, text = self.server.answer(self, body)  # type: ignore[attr-defined] # set below
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = _answer  # noqa: N815 - the names of the standard library

    def log_message(self, *arguments: object) -> None:
        """Write nothing."""


@contextmanager
def serving(answer: object) -> Iterator[Running]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.answer = answer  # type: ignore[attr-defined] # the handler's
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Running(server.server_port, os.getpid(), 1)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def series_of(**values: float) -> Series:
    series = Series()
    for name, value in values.items():
        series.add(name, Sample(value))
    return series


def test_a_peer_that_was_not_measured_is_listed_with_the_reason() -> None:
    glewlwyd, hydra = targets.exchange_of(targets.GLEWLWYD), targets.exchange_of(targets.HYDRA)
    series = series_of(**{targets.EXCHANGE: 300.0, glewlwyd: 200.0, hydra: 100.0})
    page = page_of(series, {targets.KEYCLOAK: "mvn is not here"})
    assert "| code exchange by glewlwyd, one worker or processor each | 1.50 | at least 3 | **missed** |" in page
    assert "| code exchange by Ory Hydra, one worker or processor each | 3.00 | at least 1 | reached |" in page
    assert "| code exchange by Keycloak, one worker or processor each | - | at least 1.5 |  |" in page
    assert "Not measured: Keycloak (mvn is not here)." in page
    assert "Not measured: oidc-provider (not asked for)." in page
    assert "Not measured: the sign-in page in Chromium (not asked for)." in page
    assert "Not measured: /me and /refresh beside the version before the provider (not asked for)." in page
    assert "Not measured: glewlwyd" not in page


def test_an_unavailable_peer_is_omitted_and_the_others_start() -> None:
    ended: list[str] = []

    @contextmanager
    def present(_postgres: EmbeddedPostgres) -> Iterator[str]:
        yield "server"
        ended.append("server")

    @contextmanager
    def absent(_postgres: EmbeddedPostgres) -> Iterator[str]:
        raise PeerMissingError("mvn is not here")
        yield

    missing: dict[str, str] = {}
    with ExitStack() as stack:
        peers = {"first": absent, "second": present}
        assert list(started_peers(stack, EmbeddedPostgres(), peers, missing)) == [("second", "server")]
        assert not ended
    assert (missing, ended) == ({"first": "mvn is not here"}, ["server"])


def test_memory_is_compared_with_keycloak_and_within_rounds() -> None:
    series = series_of(**{targets.MEMORY: 100.0, targets.MEMORY_OF_KEYCLOAK: 400.0})
    for on, off in ((110.0, 100.0), (150.0, 120.0), (95.0, 90.0)):
        series.add(targets.WORKER_ON, Sample(on))
        series.add(targets.WORKER_OFF, Sample(off))
    page = page_of(series, {})
    assert "| resident memory after the run by Keycloak | 0.25 | at most 0.2 | **missed** |" in page
    assert "without PUBLIC_URL: MB more | 10.00 | at most 10 | reached |" in page


def test_the_calls_of_two_versions_are_compared_by_rate_and_by_processor_time() -> None:
    series = Series()
    for version, value, busy in ((targets.THIS, 90.0, 0.9), (targets.BEFORE, 100.0, 0.5)):
        series.add(targets.call_of("/me", version), Sample(value, busy=(busy,)))
    page = page_of(series, {})
    assert "| /me by the version before the provider | 0.90 | at least 0.97 | **missed** |" in page
    assert "/me by processor time, which a busy machine changes least: 0.500." in page
    assert "/refresh by processor time" not in page


def test_consecutive_codes_are_of_different_browsers() -> None:
    browsers = [iter([f"{browser}{number}" for number in range(9)]).__next__ for browser in "abc"]
    assert codes_of(browsers, 5) == ["a0", "b0", "c0", "a1", "b1"]
    assert codes_of(browsers, 2) == ["a2", "b2"]


def test_a_code_is_read_only_from_a_redirect_to_the_application() -> None:
    answer = requests.Response()
    answer.headers["Location"] = f"{REDIRECT_URI}?state=x&code=the+code"
    assert code_in(answer) == "the code"
    for location in (f"{REDIRECT_URI}?error=access_denied", f"{REDIRECT_URI}.evil?code=c", "/login?code=c"):
        answer.headers["Location"] = location
        with pytest.raises(RuntimeError, match="no code"):
            code_in(answer)


def test_a_browser_sends_secure_cookies_and_follows_no_redirect() -> None:
    cookies: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler, _body: str) -> tuple[int, dict[str, str], str]:
        cookies.append(handler.headers["Cookie"])
        return 302, {"Location": "/elsewhere", "Set-Cookie": "session=abc; Secure; HttpOnly; Path=/"}, ""

    with serving(answer) as process:
        browser = Browser()
        assert [browser.get(process.url).status_code for _ in range(2)] == [302, 302]
    assert cookies == [None, "session=abc"]


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk makes the load, and only measurements need it")
def test_each_call_is_sent_once_and_the_load_ends_with_the_last_response() -> None:
    seen: Counter[str] = Counter()

    def answer(handler: BaseHTTPRequestHandler, _body: str) -> tuple[int, dict[str, str], str]:
        seen[handler.path] += 1
        number = int(handler.path.removeprefix("/"))
        return 400 if number == 3 else 200, {}, '"other"' if number == 5 else '"id_token"'

    load = SingleUseRequests([get(f"/{number}") for number in range(70)], '"id_token"')
    with serving(answer) as process:
        sample = run_load(load, process, seconds=600)
    assert seen == Counter(f"/{number}" for number in range(70))
    assert (sample.answers, sample.failed) == (70, 2)


def token(algorithm: str, signature_bytes: int) -> str:
    parts = [json.dumps({"alg": algorithm}).encode(), b"{}", bytes(signature_bytes)]
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


GOOD = {"access_token": token("ES256", 64), "id_token": token("RS256", 384)}
SHORT = {**GOOD, "id_token": token("RS256", 256)}


@pytest.mark.parametrize(
    ("exchanged", "refreshed", "complaint"),
    [
        ({**GOOD, "refresh_token": "1"}, {**GOOD, "refresh_token": "2"}, None),
        ({**GOOD, "refresh_token": "1"}, {**GOOD, "refresh_token": "1"}, "the same refresh token again"),
        ({**GOOD, "refresh_token": "1"}, {"access_token": GOOD["access_token"], "refresh_token": "2"}, "signs with"),
        ({**SHORT, "refresh_token": "1"}, {**SHORT, "refresh_token": "2"}, "signs with"),
        (
            {**GOOD, "access_token": token("RS256", 384), "refresh_token": "1"},
            {**GOOD, "refresh_token": "2"},
            "signs with",
        ),
    ],
)
def test_a_provider_with_other_signatures_or_reused_refresh_tokens_is_not_measured(
    exchanged: dict[str, str], refreshed: dict[str, str], complaint: str | None
) -> None:
    def answer(_handler: BaseHTTPRequestHandler, body: str) -> tuple[int, dict[str, str], str]:
        form = parse_qs(body)
        assert form["client_id"] == ["application"]
        return 200, {}, json.dumps(exchanged if form.get("code") == ["the code"] else refreshed)

    with serving(answer) as process:
        server = CodeServer(process, "/token", "application", lambda count: ["the code"] * count)
        if complaint is None:
            server.require_tokens()
        else:
            with pytest.raises(RuntimeError, match=complaint):
                server.require_tokens()


def test_memory_includes_all_processes() -> None:
    process = Running(0, os.getpid(), 1)
    command = [sys.executable, "-c", "print(flush=True); input()"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        assert process.whole_memory_mb() > process.memory_mb() + 1
    finally:
        child.communicate(b"\n")
