"""Races of administrators on one OAuth client: on its secrets, and on its version."""

import asyncio
from collections import Counter
from typing import Final

from development.client import ApiClient
from development.proof.api import Answer, answer_to
from development.proof.races.administration import NO_CONTENT, STALE
from development.proof.races.administrators import ADMIN, Administrators, Member
from development.proof.races.contests import OK, apis_at, gather_limited, until_conclusive
from doorward.domain.oauth.client_secret import hash_of

CLIENTS: Final = f"{ADMIN}/clients"
SECRETS_OF_A_CLIENT: Final = 2
SECRETS: Final = """
    SELECT secret_hash, expires_at FROM oauth_client_secrets WHERE client_id = %s ORDER BY expires_at NULLS LAST
"""


async def rotate_together(urls: list[str], people: Administrators, rotations: int) -> list[str]:
    """Rotate the secret of one client at both copies: only the last two secrets work."""
    async with apis_at(urls) as apis:
        admins, client = await _client(apis, people)
        path = f"{CLIENTS}/{client.body['client_id']}"
        calls = [
            answer_to(admins[number % len(apis)].call(apis[number % len(apis)], "POST", f"{path}/rotate-secret"))
            for number in range(rotations)
        ]
        answers = await gather_limited(calls)
        rows = await people.sql(SECRETS, client.body["client_id"])
        wrong = [f"{len(rows)} secrets are stored, {[each[1] for each in rows]}"] if _has_wrong_secrets(rows) else []
        if all(answer.is_conclusive for answer in answers):
            told = {answer.body["version"]: hash_of(answer.body["client_secret"]) for answer in answers if _ok(answer)}
            last = [told[version] for version in sorted(told)[-SECRETS_OF_A_CLIENT:]]
            if sorted(told) != list(range(2, rotations + 2)) or [bytes(row[0]) for row in rows] != last:
                wrong.append(f"told were the versions {sorted(told)}, and other secrets are stored than the last two")
        return wrong + await _end(apis, admins, path)


async def one_version(urls: list[str], people: Administrators, changes: int) -> list[str]:
    """Change, rotate and disable one client concurrently, on the condition of the same version: one call succeeds."""
    async with apis_at(urls) as apis:
        admins, client = await _client(apis, people)
        path = f"{CLIENTS}/{client.body['client_id']}"
        ways = [("PATCH", "", {"name": "Other"}), ("POST", "/rotate-secret", None), ("POST", "/disable", None)]
        calls = [
            answer_to(
                admins[number % len(apis)].call(
                    apis[number % len(apis)],
                    method,
                    path + part,
                    headers={"If-Match": '"1"'},
                    **({} if body is None else {"json": body}),
                )
            )
            for number, (method, part, body) in enumerate(ways * changes)
        ]
        counts = Counter(answer.status for answer in await gather_limited(calls) if answer.is_conclusive)
        ((version, events),) = await people.sql(
            "SELECT version, (SELECT count(*) FROM audit_events WHERE data->>'client_id' = client_id)"
            " FROM oauth_clients WHERE client_id = %s",
            client.body["client_id"],
        )
        is_wrong = counts[OK] > 1 or bool(counts.keys() - {OK, STALE}) or (version, events) != (2, 2)
        wrong = [f"statuses {dict(counts)}, version {version} with {events} events"] if is_wrong else []
        return wrong + await _end(apis, admins, path)


def _ok(answer: Answer) -> bool:
    return answer.status == OK


def _has_wrong_secrets(rows: list[tuple[object, ...]]) -> bool:
    return [row[1] is None for row in rows] != [False, True]


async def _client(apis: list[ApiClient], people: Administrators) -> tuple[list[Member], Answer]:
    """Sign in an administrator at each copy, and add a client."""
    admins = await asyncio.gather(*(people.signed_in(api, "admin") for api in apis))
    return list(admins), await until_conclusive(
        lambda: admins[0].call(apis[0], "POST", CLIENTS, json={"name": "Nightly"})
    )


async def _end(apis: list[ApiClient], admins: list[Member], path: str) -> list[str]:
    """Remove the client: the limit is 250 clients."""
    answer = await until_conclusive(lambda: admins[0].call(apis[0], "DELETE", path))
    return [] if answer.status == NO_CONTENT else [f"the removal of a client is answered {answer.status}"]
