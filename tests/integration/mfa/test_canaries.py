"""Logs at debug, metrics, rows and errors contain no secret of a second factor."""

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import psycopg
import pytest
from psycopg import sql

from development.authenticator import decode
from development.client import LIVENESS, TOKEN, pair
from development.ports import free_port
from development.proof.api import api_at
from development.proof.kills.factors import FactorRounds
from development.proof.kills.protected import Protected
from development.proof.kills.service import LOG, killable_service
from development.proof.service import ADMINISTRATION, proof_settings
from tests.e2e.canaries import Evidence
from tests.integration.service import MakeDatabase

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
CODE_OF_AN_APPLICATION = r"(?<![0-9.]){}(?![0-9])"


@dataclass
class Canaries:
    """Secrets of each kind, and everything that was written while they were used."""

    of_kind: dict[str, set[str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, *found: str) -> None:
        self.of_kind.setdefault(kind, set()).update(found)

    def add_person(self, person: Protected) -> None:
        """Remember all secrets that a person has, or sent."""
        self.add("secret of an application", person.secret, base64.b32decode(person.secret).hex())
        for code in (*person.codes, *person.used_codes):
            self.add("recovery code", code, code.replace("-", ""), code.lower())
        self.add("access token", *(access for access, _ in person.accesses))
        for taken in person.taken:
            body = taken.call.body or {}
            for kind, name in {"waiting login": "mfa_token", "enrolment": "token"}.items():
                if name in body:
                    self.add(kind, body[name])
            if len(body.get("code", "")) == 6:
                self.add("code of an application", body["code"])
            if "credential" in body:
                challenge = json.loads(decode(body["credential"]["response"]["clientDataJSON"]))["challenge"]
                self.add("challenge", challenge, decode(challenge).decode())

    def found(self, kind: str, text: str) -> set[str]:
        """Return where secrets of a kind are found in a text, by codes or by parts of tokens."""
        if kind == "code of an application":
            return {each for each in self.of_kind[kind] if re.search(CODE_OF_AN_APPLICATION.format(each), text)}
        evidence = Evidence()
        for each in self.of_kind[kind]:
            evidence.remember_secret(each)
            evidence.remember_token(each)
        evidence.keep(kind, text)
        return {f"{each.kind}, line {each.line}" for each in evidence.findings()}


@pytest.fixture(scope="module")
def canaries(make_database: MakeDatabase) -> Iterator[Canaries]:
    database_url, port = make_database(migrated=True), free_port()
    settings = proof_settings(database_url, **ADMINISTRATION, LOG_LEVEL="debug", METRICS_PORT=str(port))
    found = Canaries()
    with killable_service(settings) as service:
        rounds = FactorRounds(service, database_url)
        asyncio.run(_prepare(service.url, database_url, found))
        # One group removes everything again, the other keeps everything.
        people = [*rounds.use(2), *rounds.use(1, last="passkey after the password")]
        for person in people:
            found.add_person(person)
        found.texts["errors"] = "\n".join(asyncio.run(_refusals(service.url, people)))
        found.texts["metrics"] = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        found.texts["log"] = (service.folder / LOG).read_text(encoding="utf-8")
        with psycopg.connect(database_url) as connection:
            for (table,) in connection.execute(TABLES).fetchall():
                rows = connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table)))
                found.texts[f"rows of {table}"] = "\n".join(row[0] for row in rows.fetchall())
        yield found


async def _prepare(url: str, database_url: str, found: Canaries) -> None:
    """Subscribe a webhook to all events, and use a device token."""
    async with api_at(url) as api:
        await api.call("GET", LIVENESS)
        person = await api.register()
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("UPDATE users SET roles = '{admin}' WHERE id = %s", (person.id,))
        login = await api.post_login(person)
        body = {"url": "http://127.0.0.1:9/hook"}
        made = await api.authorized("POST", "/api/v1/admin/webhooks", pair(login).access, json=body)
        assert made.status_code == 201, made.text
        device = login.headers["Doorward-Device"]
        found.add("device token", device)
        form = {"username": person.username, "password": f"{person.password}!"}
        await api.call("POST", TOKEN, data=form, headers={"Doorward-Device": device})


async def _refusals(url: str, people: list[Protected]) -> list[str]:
    """Repeat single-use requests; return the refusals."""
    async with api_at(url) as api:
        answers = [await taken.call.send(api) for person in people for taken in person.taken]
    return [f"{answer.headers}\n{answer.text}" for answer in answers if answer.is_error]


def test_the_service_writes_no_secret_of_a_second_factor(canaries: Canaries) -> None:
    assert {kind for kind, found in canaries.of_kind.items() if not found} == set()
    assert "[debug" in canaries.texts["log"]
    assert "factor.code_used" in canaries.texts["rows of audit_events"]
    assert "factor.passkey_added" in canaries.texts["rows of outbox"]
    assert all(canaries.texts[each] for each in ("errors", "metrics"))
    leaks = [
        (kind, where)
        for kind in canaries.of_kind
        for where, text in canaries.texts.items()
        if canaries.found(kind, text)
    ]
    assert leaks == []


def test_each_planted_leak_is_found_once(canaries: Canaries) -> None:
    for kind, secrets in canaries.of_kind.items():
        for secret in sorted(secrets)[:2]:
            text = f"first line\nbefore {secret} after"
            assert len(canaries.found(kind, text)) == 1, kind
