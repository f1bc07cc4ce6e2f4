"""Races of administrators: on each other, on one user, on one role, on one invitation."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import httpx

from development.client import ApiClient
from development.proof.api import Answer, answer_to
from development.proof.races.administrators import INVITATIONS, ROLES, USERS, Administrators, Member
from development.proof.races.contests import (
    OK,
    PASSWORD,
    REFUSED,
    TAKEN,
    End,
    after_random_delay,
    answered,
    apis_at,
    gather_limited,
    until_conclusive,
)

ACCEPTED: Final = 202
CREATED: Final = 201
NO_CONTENT: Final = 204
FORBIDDEN: Final = 403
STALE: Final = 412
UNPROCESSABLE: Final = 422
SUCCESS: Final = {OK, NO_CONTENT}
LOGINS: Final = 6
"""The number of concurrent logins, below the limit of the throttle."""

Way = tuple[str, str, dict[str, Any]]
"""A call on a user: its method, the suffix of the user's path, and its options."""

WAYS_TO_GO: Final[tuple[Way, ...]] = (
    ("PATCH", "", {"json": {"roles": []}}),
    ("POST", "/deactivate", {}),
    ("DELETE", "", {}),
    ("DELETE", "?now=true", {}),
)
WAYS_TO_ACT: Final[dict[str, Way]] = {
    "user.deactivated": ("POST", "/deactivate", {}),
    "session.all_ended": ("POST", "/sessions/end", {}),
    "user.changed": ("PATCH", "", {"json": {"locale": "de"}}),
}
"""By the type of the audit event of each."""

LOCALES: Final = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")


async def remove_each_other(urls: list[str], people: Administrators) -> list[str]:
    """Remove two administrators by each other concurrently: one is removed, and the other's call is refused."""
    return await _one_stays(urls, people, is_mutual=True)


async def leave_together(urls: list[str], people: Administrators) -> list[str]:
    """Remove the last two administrators by themselves concurrently: one is removed, the other has to stay."""
    return await _one_stays(urls, people, is_mutual=False)


async def _one_stays(urls: list[str], people: Administrators, *, is_mutual: bool) -> list[str]:
    async with apis_at(urls) as apis:
        await people.sql("UPDATE users SET roles = '{}' WHERE roles <> '{}'")
        pair = [await people.signed_in(api, "admin") for api in apis]
        deadlocks, ways = await people.deadlocks(), [random.choice(WAYS_TO_GO) for _ in pair]
        calls = [
            after_random_delay(_act(api, who, target, way))
            for api, who, target, way in zip(apis, pair, pair[::-1] if is_mutual else pair, ways, strict=True)
        ]
        answers = await asyncio.gather(*calls)
        left = [row[0] for row in await people.sql("SELECT username FROM users WHERE is_active AND roles @> '{admin}'")]
        wrong = [f"{len(left)} administrators are left"] if not left else []
        refusals = {REFUSED, FORBIDDEN} if is_mutual else {TAKEN}
        statuses = [answer.status for answer in answers]
        if all(answer.is_conclusive for answer in answers):
            done = sum(status in SUCCESS for status in statuses)
            if done != 1 or len(left) != 1 or set(statuses) - SUCCESS - refusals:
                wrong.append(f"{[way[:2] for way in ways]}: statuses {statuses}, {len(left)} administrators are left")
            for member in pair:
                wrong += await _judge_administrator(apis, member, may_act=[member.name] == left)
        if await people.deadlocks() != deadlocks:
            wrong.append(f"{[way[:2] for way in ways]}: a deadlock")
        return wrong


async def _judge_administrator(apis: list[ApiClient], member: Member, *, may_act: bool) -> list[str]:
    due = {OK} if may_act else {REFUSED, FORBIDDEN}
    statuses = [await _status(api, member, "GET", USERS) for api in apis]
    strange = [status for status in statuses if status not in due]
    return [f"an administrator is answered {status}, who may act: {may_act}" for status in strange]


async def take_the_role(urls: list[str], people: Administrators) -> list[str]:
    """Remove an administrator's role while that user acts at the other copy: the act precedes it, or is refused."""
    async with apis_at(urls) as apis:
        keeper, actor = [await people.signed_in(api, "admin") for api in apis]
        target, kind = await people.member(apis[0]), random.choice(list(WAYS_TO_ACT))
        taking, acting = await asyncio.gather(
            after_random_delay(_act(apis[0], keeper, actor, WAYS_TO_GO[0])),
            after_random_delay(_act(apis[1], actor, target, WAYS_TO_ACT[kind])),
        )
        rows = await people.sql(
            "SELECT type FROM audit_events WHERE actor = %s AND user_id = %s AND type = %s"
            " OR user_id = %s AND type = 'user.roles_changed' ORDER BY id",
            *(actor.id, target.id, kind, actor.id),
        )
        entries, due = [row[0] for row in rows], ["user.roles_changed"]
        wrong = [f"{kind}: done after the role was taken"] if entries[:1] == due and len(entries) > 1 else []
        if taking.is_conclusive and acting.is_conclusive:
            is_done = acting.status in SUCCESS
            if taking.status != OK or not (is_done or acting.status == FORBIDDEN):
                wrong.append(f"{kind}: statuses {taking.status} and {acting.status}")
            if entries != ([kind] if is_done else []) + due:
                wrong.append(f"{kind}: answered {acting.status}, stored in this order: {entries}")
            wrong += await _judge_administrator(apis, actor, may_act=False)
        return wrong


async def one_invitation(urls: list[str], people: Administrators, uses: int) -> list[str]:
    """Accept one invitation in concurrent calls with different names and passwords: it creates one account."""
    async with apis_at(urls) as apis:
        admin = await people.signed_in(apis[0], "admin")
        names = [f"invited-{uuid4().hex[:16]}" for _ in range(uses)]
        email = f"{names[0]}@example.org"
        invitation = await until_conclusive(
            lambda: admin.call(apis[0], "POST", INVITATIONS, json={"email": email, "roles": ["auditor"]})
        )
        token = await people.mail_invitation(str(invitation.body["id"]))
        path = "/api/v1/auth/invitations/accept"
        bodies = [{"token": token, "username": name, "password": f"{PASSWORD} {name}"} for name in names]
        answers = await gather_limited(
            [answer_to(apis[number % len(apis)].call("POST", path, json=body)) for number, body in enumerate(bodies)]
        )
        counts = Counter(answer.status for answer in answers if answer.is_conclusive)
        wrong = [f"statuses {dict(counts)}"] if counts[CREATED] > 1 or counts.keys() - {CREATED, UNPROCESSABLE} else []
        rows = await people.sql("SELECT username, roles FROM users WHERE email_key = %s", email)
        if counts.total() == uses and (counts[CREATED], len(rows)) != (1, 1):
            wrong.append(f"{counts[CREATED]} acceptances were told, {len(rows)} accounts are stored")
        if await people.sql("SELECT id FROM invitations WHERE email_key = %s", email):
            wrong.append("the invitation is still there")
        for number, answer in enumerate(answers):
            if answer.status == CREATED and rows != [(names[number], ["auditor"])]:
                wrong.append(f"the account is not that of the acceptance that succeeded: {rows}")
        tried = {name: OK if (name, ["auditor"]) in rows else REFUSED for name in names[:2]}
        for name, due in tried.items():
            status = (await until_conclusive(lambda each=name: apis[0].post_token(each, f"{PASSWORD} {each}"))).status  # type: ignore[misc] # bound now
            wrong += [f"the login of an acceptance is answered {status} where {due} is due"] if status != due else []
        return wrong


async def one_version(urls: list[str], people: Administrators) -> list[str]:
    """Change one user in concurrent calls on the condition of the same version: one change is made."""
    async with apis_at(urls) as apis:
        admins, target = [await people.signed_in(api, "admin") for api in apis], await people.member(apis[0])
        tag = (await admins[0].call(apis[0], "GET", target.path())).headers["etag"]
        calls = [
            answer_to(
                admins[number % len(apis)].call(
                    apis[number % len(apis)],
                    "PATCH",
                    target.path(),
                    json={"locale": locale},
                    headers={"If-Match": tag},
                )
            )
            for number, locale in enumerate(LOCALES)
        ]
        answers = await gather_limited(calls)
        counts = Counter(answer.status for answer in answers if answer.is_conclusive)
        wrong = [f"statuses {dict(counts)}"] if counts[OK] > 1 or counts.keys() - {OK, STALE} else []
        ((locale, version),) = await people.sql("SELECT locale, version FROM users WHERE id = %s", target.id)
        made = [LOCALES[number] for number, answer in enumerate(answers) if answer.status == OK]
        if counts.total() == len(LOCALES) and ([locale], f'"{version - 1}"') != (made, tag):
            wrong.append(f"stored: {locale} at version {version}; told: {made}, on the condition of {tag}")
        return wrong


async def remove_a_granted_role(urls: list[str], people: Administrators) -> list[str]:
    """Remove a role while it is granted at the other copy: either it is in use, or it cannot be granted."""
    async with apis_at(urls) as apis:
        admins, target = [await people.signed_in(api, "admin") for api in apis], await people.member(apis[0])
        name = f"r-{uuid4().hex[:12]}"
        await people.sql("INSERT INTO roles (name, description, scopes) VALUES (%s, '', '{}')", name)
        granted, removed = await asyncio.gather(
            after_random_delay(admins[0].call(apis[0], "PATCH", target.path(), json={"roles": [name]})),
            after_random_delay(admins[1].call(apis[1], "DELETE", f"{ROLES}/{name}")),
        )
        ((is_held, is_defined),) = await people.sql(
            "SELECT roles = ARRAY[%s], EXISTS (SELECT FROM roles WHERE name = %s) FROM users WHERE id = %s",
            *(name, name, target.id),
        )
        wrong = ["a user has a role that is not defined"] if is_held and not is_defined else []
        if granted.is_conclusive and removed.is_conclusive:
            told = (granted.status, removed.status, is_held, is_defined)
            if told not in {(OK, TAKEN, True, True), (UNPROCESSABLE, NO_CONTENT, False, False)}:
                wrong.append(f"granted {told[0]}, removed {told[1]}, held: {is_held}, defined: {is_defined}")
        return wrong


async def deactivate_during_logins(urls: list[str], people: Administrators) -> list[str]:
    """Deactivate a user during logins: no session remains, even when the user is active again."""
    async with apis_at(urls) as apis:
        admin, target = await people.signed_in(apis[0], "admin"), await people.member(apis[0])
        logins = [
            after_random_delay(apis[number % len(apis)].post_token(target.name, PASSWORD)) for number in range(LOGINS)
        ]
        answers = await asyncio.gather(
            *logins, after_random_delay(admin.call(apis[1], "POST", target.path("/deactivate")))
        )
        *pairs, deactivation = answers
        if deactivation.status != NO_CONTENT:
            return [] if not deactivation.is_conclusive else [f"the deactivation is answered {deactivation.status}"]
        wrong = [f"a login is answered {each.status}" for each in pairs if each.status not in {OK, REFUSED, 0, 503}]
        await until_conclusive(lambda: admin.call(apis[0], "POST", target.path("/activate")))
        for pair in pairs:
            if pair.status == OK:
                wrong += [f"a session is {status}" for status in await answered(apis, pair) if status != REFUSED]
        return wrong


def ends_of_sessions(people: Administrators) -> dict[str, End]:
    """Return the calls of administrators that end all sessions of a user, among other effects."""

    def end_by(way_of: Callable[[str], Way], *, activates: bool = False) -> End:
        async def end(api: ApiClient, name: str, _token: str) -> None:
            admin = await people.signed_in(api, "admin")
            ((user_id,),) = await people.sql("SELECT id FROM users WHERE username = %s", name)
            ways = [way_of(name), *([("POST", "/activate", {})] if activates else [])]
            for way in ways:
                answer = await _act(api, admin, Member(name, str(user_id)), way)
                if answer.status_code not in SUCCESS:
                    raise RuntimeError(f"answered {answer.status_code}: {answer.text}")

        return end

    return {
        "deactivation by an administrator": end_by(lambda _: ("POST", "/deactivate", {}), activates=True),
        "deletion by an administrator": end_by(lambda _: ("DELETE", "", {}), activates=True),
        "reset by an administrator": end_by(lambda _: ("POST", "/password-reset", {})),
        "end by an administrator": end_by(lambda _: ("POST", "/sessions/end", {})),
        "address by an administrator": end_by(lambda name: ("PATCH", "", {"json": {"email": f"{name}@example.org"}})),
    }


async def _act(api: ApiClient, who: Member, target: Member, way: Way) -> httpx.Response:
    method, part, options = way
    return await who.call(api, method, target.path(part), **options)


async def _status(api: ApiClient, member: Member, method: str, path: str) -> int:
    answer: Answer = await until_conclusive(lambda: member.call(api, method, path))
    return answer.status
