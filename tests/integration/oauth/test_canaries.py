"""Logs at debug, metrics, rows, webhooks and refusals contain no secret of a sign-in."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql

from development.ports import free_port
from development.proof.api import api_at
from development.proof.key_proofs import KeyHolder
from development.proof.kills.receiver import Receiver, receiving
from development.proof.kills.service import LOG, killable_service
from development.proof.kills.sign_ins import SIGNING_IN, SignInRounds
from development.proof.kills.signed_in import SignedIn
from development.proof.service import ADMINISTRATION, proof_settings
from development.proof.sign_ins import TOKEN, USERINFO, PreparedRequest, http_at
from doorward.web.cookies import Cookie
from tests.e2e.canaries import Evidence
from tests.integration.service import MakeDatabase

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
FORM_FIELDS = {"code": "code", "device_code": "device code", "user_code": "user code"}
WAITING = "SELECT count(*) FROM outbox WHERE channel = 'logout'"
PATIENCE_SECONDS = 60
KINDS = {
    *("code", "cookie", "access token", "refresh token", "device code", "user code", "pushed request"),
    *("registration token", "secret of a client", "proof of a key", "logout token"),
}
WORDS = re.compile(r"[A-Za-z0-9_-]{16,}")


@dataclass
class Canaries:
    """Secrets of each kind, and everything that was written while they were used."""

    of_kind: dict[str, set[str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, *found: str) -> None:
        self.of_kind.setdefault(kind, set()).update(found)

    def add_person(self, person: SignedIn) -> None:
        """Remember all secrets that a browser, an application or a device received or sent."""
        self.add("code", *person.codes)
        self.add("cookie", *person.cookies)
        for session in person.sessions:
            self.add("access token", session.access)
            self.add("refresh token", session.refresh, *session.old)
        for taken in person.taken:
            self._add_sent(taken.sent)

    def _add_sent(self, sent: PreparedRequest) -> None:
        for name, kind in FORM_FIELDS.items():
            if value := (sent.form or {}).get(name):
                self.add(kind, value, value.replace("-", ""))
        for name, value in parse_qsl(urlsplit(sent.path).query):
            if name == "request_uri":
                self.add("pushed request", value.rpartition(":")[2])
        for cookie in sent.headers.get("Cookie", "").split("; "):
            name, _, value = cookie.partition("=")
            # A flash message is a word, and no secret.
            self.add("cookie", *([value] if value and name != Cookie.FLASH_MESSAGE else []))
        scheme, _, credentials = sent.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer":
            self.add("registration token", credentials)
        elif scheme == "Basic":
            self.add("secret of a client", credentials)

    def found(self, kind: str, text: str) -> set[str]:
        """Return where secrets of a kind are found in a text, whole or in parts."""
        evidence = Evidence()
        for each in self.of_kind[kind]:
            evidence.remember_secret(each)
            evidence.remember_token(each)
        evidence.keep(kind, text)
        return {f"{each.kind}, line {each.line}" for each in evidence.findings()}


@contextmanager
def listening(receiver: Receiver) -> Iterator[str]:
    """Run the applications' server in a separate thread; yield its address."""
    ready, done, found = threading.Event(), threading.Event(), []

    async def serve() -> None:
        async with receiving(receiver) as port:
            found.append(port)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{found[0]}/logout"
    finally:
        done.set()
        thread.join()


@pytest.fixture(scope="module")
def canaries(make_database: MakeDatabase) -> Iterator[Canaries]:
    database_url, port = make_database(migrated=True), free_port()
    changes = {
        **ADMINISTRATION,
        **SIGNING_IN,
        "BACKGROUND": "in_process",
        "LOG_LEVEL": "debug",
        "ENVIRONMENT": "production",
        "BCRYPT_ROUNDS": "10",
        "ADMIN_REQUIRES_SECOND_FACTOR": "false",
    }
    settings = proof_settings(database_url, **changes, METRICS_PORT=str(port))
    found, receiver = Canaries(), Receiver()
    with killable_service(settings) as service, listening(receiver) as address:
        asyncio.run(_subscribe_to_all_events(service.url, database_url))
        people = SignInRounds(service, settings, address).use()
        for person in people:
            found.add_person(person)
        refusals = asyncio.run(_refusals(service.url, people, found))
        _wait_until_logouts_are_delivered(database_url)
        found.add("logout token", *(text for each in receiver.got for text in WORDS.findall(each.body.decode())))
        found.texts["errors"] = "\n".join(refusals)
        found.texts["metrics"] = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        found.texts["log"] = (service.folder / LOG).read_text(encoding="utf-8")
        with psycopg.connect(database_url) as connection:
            for (table,) in connection.execute(TABLES).fetchall():
                rows = connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table)))
                found.texts[f"rows of {table}"] = "\n".join(row[0] for row in rows.fetchall())
        yield found


async def _subscribe_to_all_events(url: str, database_url: str) -> None:
    """Add a webhook for all events; its server is unreachable."""
    async with api_at(url) as api:
        person = await api.register()
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("UPDATE users SET roles = '{admin}' WHERE id = %s", (person.id,))
        body = {"url": "http://127.0.0.1:9/hook"}
        made = await api.authorized("POST", "/api/v1/admin/webhooks", (await api.log_in(person)).access, json=body)
        assert made.status_code == 201, made.text


async def _refusals(url: str, people: list[SignedIn], found: Canaries) -> list[str]:
    """Repeat single-use requests, and send proofs of keys; return the refusals."""
    holder, answers = KeyHolder(), []
    async with http_at(url) as http:
        for person in people:
            answers += [await taken.sent.send(http) for taken in person.taken if taken.step != "register"]
            for method, path, token in (("POST", TOKEN, None), ("GET", USERINFO, person.sessions[-1].access)):
                proof = holder.proof(method, path, token)
                found.add("proof of a key", proof)
                headers = {"DPoP": proof, **({"Authorization": f"DPoP {token}"} if token else {})}
                form = {"grant_type": "client_credentials", "client_id": person.application.id}
                sent = PreparedRequest(method, path, None if method == "GET" else form, headers=headers)
                answers += [await sent.send(http), await sent.send(http)]
    return [f"{answer.headers}\n{answer.text}" for answer in answers if answer.is_error]


def _wait_until_logouts_are_delivered(database_url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(database_url, autocommit=True) as connection:
        while (connection.execute(WAITING).fetchone() or (0,))[0]:
            assert time.monotonic() < deadline, "logouts were not delivered in time"
            time.sleep(0.05)


def test_the_service_writes_no_secret_of_a_sign_in(canaries: Canaries) -> None:
    assert {kind for kind, found in canaries.of_kind.items() if not found} == set()
    assert canaries.of_kind.keys() == KINDS
    assert '"level": "debug"' in canaries.texts["log"]
    assert "consent.granted" in canaries.texts["rows of audit_events"]
    assert "session.all_ended" in canaries.texts["rows of outbox"]
    assert all(canaries.texts[each] for each in ("errors", "metrics"))
    leaks = [
        (kind, where, canaries.found(kind, text))
        for kind in canaries.of_kind
        for where, text in canaries.texts.items()
        if canaries.found(kind, text)
    ]
    assert leaks == []


def test_each_planted_leak_is_found_once(canaries: Canaries) -> None:
    for kind, secrets in canaries.of_kind.items():
        for secret in sorted(secrets)[:2]:
            assert len(canaries.found(kind, f"first line\nbefore {secret} after")) == 1, kind
