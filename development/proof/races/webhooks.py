"""Races of retries and replays of webhooks: each message is stored once for each call that was acknowledged."""

import asyncio
import json
from collections import Counter
from typing import Final
from uuid import uuid4

from development.client import ApiClient
from development.proof.api import Answer, answer_to
from development.proof.races.administration import ACCEPTED, NO_CONTENT
from development.proof.races.administrators import OUTBOX, WEBHOOKS, Administrators, Member
from development.proof.races.contests import apis_at, gather_limited, until_conclusive

NOT_FOUND: Final = 404
URL: Final = "http://127.0.0.1:9/hook"
"""Nothing is sent in the races, because no worker runs."""

EVENT: Final = "user.activated"
DEAD_LETTERS: Final = """
    INSERT INTO outbox (message_id, channel, kind, payload, endpoint, dead_reason, died_at, attempts)
    SELECT gen_random_uuid(), 'webhook', 'user.activated', '{}', %s, 'status_500', now(), 10
    FROM generate_series(1, %s)
"""


async def retry_all(urls: list[str], people: Administrators, letters: int) -> list[str]:
    """Retry all dead letters at both copies, twice each: each letter is due once, and counted once."""
    async with apis_at(urls) as apis:
        admins, webhook = await _webhook(apis, people)
        await people.sql(DEAD_LETTERS, webhook, letters)
        calls = [
            answer_to(admin.call(api, "POST", f"{OUTBOX}/retry", json={"webhook_id": webhook}))
            for api, admin in zip(apis, admins, strict=True)
            for _ in range(2)
        ]
        answers = await gather_limited(calls)
        rows = await people.sql(
            "SELECT message_id, dead_reason, attempts, count(*) FROM outbox WHERE endpoint = %s GROUP BY 1, 2, 3",
            webhook,
        )
        wrong = [f"{len(rows)} of {letters} messages are stored, or some twice"] if _has_others(rows, letters) else []
        if all(answer.is_conclusive for answer in answers):
            told = [answer.body.get("messages") for answer in answers]
            due = sum(row[1:3] == (None, 0) for row in rows)
            if {answer.status for answer in answers} != {ACCEPTED} or due != letters or sum(map(int, told)) != letters:  # type: ignore[arg-type] # numbers of a 202
                wrong.append(f"of {letters}, {due} are due, and told were {told}")
        return wrong + await _end(apis, admins, webhook)


async def retry_one(urls: list[str], people: Administrators, uses: int) -> list[str]:
    """Retry one dead letter in concurrent calls: one succeeds."""
    async with apis_at(urls) as apis:
        admins, webhook = await _webhook(apis, people)
        await people.sql(DEAD_LETTERS, webhook, 1)
        ((number,),) = await people.sql("SELECT id FROM outbox WHERE endpoint = %s", webhook)
        calls = [
            answer_to(admins[each % len(apis)].call(apis[each % len(apis)], "POST", f"{OUTBOX}/{number}/retry"))
            for each in range(uses)
        ]
        counts = Counter(answer.status for answer in await gather_limited(calls) if answer.is_conclusive)
        is_wrong = counts[NO_CONTENT] > 1 or bool(counts.keys() - {NO_CONTENT, NOT_FOUND})
        is_wrong = is_wrong or (counts.total() == uses and counts[NO_CONTENT] != 1)
        wrong = [f"statuses {dict(counts)}"] if is_wrong else []
        return wrong + await _end(apis, admins, webhook)


async def replay(urls: list[str], people: Administrators, users: int) -> list[str]:
    """Replay one period at both copies: each call stores each event once, with its id, in the order of its user."""
    async with apis_at(urls) as apis:
        admins, webhook = await _webhook(apis, people)
        members = [await people.member(apis[0]) for _ in range(users)]
        ((since,),) = await people.sql("SELECT clock_timestamp()")
        for member in members * 2:
            await until_conclusive(lambda each=member: admins[0].call(apis[0], "POST", each.path("/activate")))  # type: ignore[misc] # bound now
        sent = await people.sql("SELECT message_id, payload FROM outbox WHERE endpoint = %s", webhook)
        await people.sql("DELETE FROM outbox WHERE endpoint = %s", webhook)
        body = {"since": since.isoformat(), "until": "2100-01-01T00:00:00Z"}
        answers = await asyncio.gather(
            *(
                answer_to(admin.call(api, "POST", f"{WEBHOOKS}/{webhook}/replay", json=body))
                for api, admin in zip(apis, admins, strict=True)
            )
        )
        rows = await people.sql(
            "SELECT message_id, payload, stream FROM outbox WHERE endpoint = %s ORDER BY id", webhook
        )
        wrong = list(_out_of_order(rows))
        if all(answer.is_conclusive for answer in answers):
            due = Counter({row: len(answers) for row in sent})
            if len(sent) < len(members) * 2 or Counter((row[0], row[1]) for row in rows) != due:
                wrong.append(f"{len(rows)} messages are stored of {len(sent)} events that two calls replayed")
            told = [(answer.status, answer.body.get("messages")) for answer in answers]
            wrong += [f"told: {told}, of {len(sent)}"] if told != [(ACCEPTED, len(sent))] * len(answers) else []
        return wrong + await _end(apis, admins, webhook)


def _has_others(rows: list[tuple[object, ...]], letters: int) -> bool:
    return len(rows) != letters or any(row[3] != 1 for row in rows)


def _out_of_order(rows: list[tuple[object, ...]]) -> list[str]:
    """Return a line for each user whose events first appear in another order than they occurred."""
    firsts: dict[object, list[int]] = {}
    for _, payload, stream in rows:
        sequence = json.loads(bytes(payload))["sequence"]  # type: ignore[call-overload] # bytea
        if sequence not in firsts.setdefault(stream, []):
            firsts[stream].append(sequence)
    return [f"a user's events are stored in the order {each}" for each in firsts.values() if each != sorted(each)]


async def _webhook(apis: list[ApiClient], people: Administrators) -> tuple[list[Member], str]:
    """Sign in an administrator at each copy; add a webhook without messages."""
    admins = [await people.signed_in(api, "admin") for api in apis]
    body = {"url": URL, "types": [EVENT], "description": uuid4().hex}
    made: Answer = await until_conclusive(lambda: admins[0].call(apis[0], "POST", WEBHOOKS, json=body))
    return admins, str(made.body["id"])


async def _end(apis: list[ApiClient], admins: list[Member], webhook: str) -> list[str]:
    """Remove the webhook, so that events of other races are not stored for it."""
    answer = await until_conclusive(lambda: admins[0].call(apis[0], "DELETE", f"{WEBHOOKS}/{webhook}"))
    return [] if answer.status in {NO_CONTENT, NOT_FOUND} else [f"the removal of a webhook is answered {answer.status}"]
