"""Changes of signing keys at one copy while tokens are used at both copies and by other services.

One copy signs the service's own tokens with ES256, the other with RS256. Keys are rotated immediately, one is revoked,
and keys are rotated immediately again. Only tokens of the revoked key are refused, by both copies within 10 seconds.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import jwt

from development.client import TOKEN, ApiClient
from development.proof.api import Answer, answer_to
from development.proof.races.administration import NO_CONTENT
from development.proof.races.administrators import ADMIN, Administrators, Member
from development.proof.races.contests import (
    CREATED,
    OK,
    PASSWORD,
    PAUSE_SECONDS,
    REFUSED,
    TAKEN,
    apis_at,
    new_person,
    new_session,
    until_conclusive,
)

ALGORITHMS: Final = ("ES256", "RS256")
OWN_AUDIENCE: Final = "doorward"
RESOURCES: Final = {f"https://{algorithm.lower()}.example": algorithm for algorithm in ALGORITHMS}
SCOPE: Final = "goods:read"
KEYS: Final = f"{ADMIN}/keys"
KEY_SET: Final = "/oauth/jwks"
TURNS: Final = 3
"""The number of tokens of each user and client between two changes of the keys."""

REFUSED_WITHIN: Final = 10.0
PATIENCE_SECONDS: Final = 120.0
TURN_PAUSE: Final = 0.02

NextToken = Callable[[ApiClient], Coroutine[Any, Any, str | None]]
"""Gets another access token at a copy; None if that timed out. Raises ``RuntimeError`` if it is refused."""


class OtherService:
    """A service that verifies tokens itself, with the keys of one copy at the time it last read them.

    It does not fetch unknown keys, like many libraries. Keys are cached for 5 minutes; ``read`` ends this.
    """

    def __init__(self, api: ApiClient) -> None:
        """Take the copy from which it reads the keys."""
        self._api = api
        self._keys: dict[str, jwt.PyJWK] = {}

    async def read(self) -> None:
        """Read the keys again."""
        answer = await until_conclusive(lambda: self._api.call("GET", KEY_SET))
        self._keys = {str(key.key_id): key for key in jwt.PyJWKSet.from_dict(answer.body).keys}

    def refusal_of(self, token: str, audience: str, issuer: str) -> str | None:
        """Return why the token is refused, or None if it is valid."""
        key = self._keys.get(kid_of(token))
        if key is None:
            return "its key is unknown"
        try:
            jwt.decode(token, key, algorithms=ALGORITHMS, audience=audience, issuer=issuer)
        except jwt.PyJWTError as error:
            return str(error)
        return None


class Load:
    """Tokens of users, of clients and for resources, used at both copies and by a service behind each."""

    def __init__(self, apis: Sequence[ApiClient], issuer: str) -> None:
        """Take the copies, and the issuer of the tokens."""
        self.apis = apis
        self.issuer = issuer
        self.services = [OtherService(api) for api in apis]
        self.revoked: set[str] = set()
        self.wrong: list[str] = []
        self._turns: dict[int, int] = {}

    @asynccontextmanager
    async def running(self, sources: Mapping[NextToken, str]) -> AsyncIterator[None]:
        """Within the block, get tokens from each source and use them with its audience."""
        self._turns = dict.fromkeys(range(len(sources)), 0)
        users = [
            asyncio.create_task(self._use(number, next_token, audience))
            for number, (next_token, audience) in enumerate(sources.items())
        ]
        try:
            yield
        finally:
            for user in users:
                user.cancel()
            for ended in await asyncio.gather(*users, return_exceptions=True):
                if isinstance(ended, Exception):
                    self.wrong.append(f"the use of tokens ended: {ended!r}")

    async def goes_on(self) -> None:
        """Return after each source has got and used a few more tokens, or after a fault."""
        before = dict(self._turns)

        async def is_due() -> bool:
            return bool(self.wrong) or all(turns >= before[each] + TURNS for each, turns in self._turns.items())

        await until(is_due)

    async def read_keys_again(self) -> None:
        """Let the other services read the keys again."""
        for service in self.services:
            await service.read()

    async def _use(self, number: int, next_token: NextToken, audience: str) -> None:
        """Use each token at once, and the first one again later, when its key has retired."""
        kept: list[str] = []
        for turn in itertools.count(number):
            try:
                token = await next_token(self.apis[turn % len(self.apis)])
            except RuntimeError as error:
                self.wrong.append(str(error))
                return
            if token is not None:
                kept = [*kept[:1], token]
                for each in kept:
                    await self._check(each, audience)
                self._turns[number] += 1
            await asyncio.sleep(TURN_PAUSE)

    async def _check(self, token: str, audience: str) -> None:
        refusals = [service.refusal_of(token, audience, self.issuer) for service in self.services]
        if audience in {OWN_AUDIENCE, self.issuer}:
            for api in self.apis:
                answer = await answer_to(api.get_me(token) if audience == OWN_AUDIENCE else api.items(token))
                refusals.append(f"status {answer.status}" if answer.is_conclusive and answer.status != OK else None)
        # The revocation may occur between the signature and the use of a token.
        if any(refusals) and kid_of(token) not in self.revoked:
            self.wrong.append(f"a token for {audience} under {kid_of(token)} is refused: {refusals}")


async def change_under_load(urls: list[str], people: Administrators, issuer: str) -> list[str]:
    """Rotate immediately, revoke a key, and rotate immediately again; ``urls`` are one copy for each algorithm."""
    async with apis_at(urls) as apis:
        admin = await people.signed_in(apis[0], "admin")
        load = Load(apis, issuer)
        await load.read_keys_again()
        async with load.running(await _sources(load, admin, apis)):
            await load.goes_on()
            for step in (_rotate, _reach_all, _revoke, _reach_all, _rotate):
                if not load.wrong:
                    await step(load, admin)
        return load.wrong


async def until(is_due: Callable[[], Awaitable[bool]]) -> None:
    """Poll until the condition holds. Raises ``TimeoutError`` after the longest permitted time."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await is_due():  # noqa: ASYNC110 - other processes and tasks are watched
            await asyncio.sleep(PAUSE_SECONDS)


def kid_of(token: str) -> str:
    """Return the id of the key in the token's header."""
    return str(jwt.get_unverified_header(token)["kid"])


async def _rotate(load: Load, admin: Member) -> None:
    """Let the standby keys sign, and use their tokens."""
    body = {"at_once": True}
    answer = await until_conclusive(lambda: admin.call(load.apis[0], "POST", f"{KEYS}/rotate", json=body))
    if answer.status != OK:
        load.wrong.append(f"a rotation is answered {answer.status}")
    await load.goes_on()


async def _revoke(load: Load, admin: Member) -> None:
    """Revoke the first copy's signing key; both copies soon refuse its tokens, and no longer list it."""
    token = (await new_session(load.apis[0], await new_person(load.apis[0]))).access
    kid = kid_of(token)
    used = [(await until_conclusive(lambda each=api: each.get_me(token))).status for api in load.apis]  # type: ignore[misc] # bound now
    load.revoked.add(kid)
    revoked = await until_conclusive(lambda: admin.call(load.apis[0], "POST", f"{KEYS}/{kid}/revoke"))
    if (used, revoked.status) != ([OK, OK], NO_CONTENT):
        load.wrong.append(f"before the revocation: {used}, the revocation: {revoked.status}")
    began, slowest = time.monotonic(), 0.0
    for api in load.apis:
        while True:
            asked = time.monotonic()
            answer = await until_conclusive(lambda each=api: each.get_me(token))  # type: ignore[misc] # bound now
            slowest = max(slowest, time.monotonic() - asked)
            if answer.status == REFUSED:
                break
            # On a slow machine the keys are read late as well.
            if asked > began + REFUSED_WITHIN + 5 * slowest:
                load.wrong.append(f"a revoked key is accepted after {asked - began:.1f} s")
                return
            await asyncio.sleep(PAUSE_SECONDS)
        if kid in await _listed(api):
            load.wrong.append("a revoked key is listed")
    await load.goes_on()


async def _reach_all(load: Load, admin: Member) -> None:
    """Return when both copies list the keys that sign next, and other services have read them."""
    answer = await until_conclusive(lambda: admin.call(load.apis[0], "GET", KEYS))
    if answer.status != OK:
        load.wrong.append(f"the list of keys is answered {answer.status}")
        return
    due = {key["kid"] for key in answer.body["keys"] if key["state"] in {"standby", "signing"}}

    async def is_listed() -> bool:
        return all([due <= await _listed(api) for api in load.apis])

    await until(is_listed)
    await load.read_keys_again()


async def _listed(api: ApiClient) -> set[str]:
    answer = await until_conclusive(lambda: api.call("GET", KEY_SET))
    return {key["kid"] for key in answer.body["keys"]}


async def _sources(load: Load, admin: Member, apis: Sequence[ApiClient]) -> dict[NextToken, str]:
    """Return the token sources with their audiences: users here and for each resource, and a client."""
    for identifier, algorithm in RESOURCES.items():
        body = {"identifier": identifier, "scopes": [SCOPE], "algorithm": algorithm}
        await _made(admin, apis[0], "POST", f"{ADMIN}/resources", body)
    given = {"scopes": ["account", SCOPE], "resources": list(RESOURCES)}
    await _made(admin, apis[0], "PATCH", f"{ADMIN}/clients/doorward", given)
    content = {"name": "Nightly", "scopes": [SCOPE, "items:read"], "resources": list(RESOURCES)}
    client = await _made(admin, apis[0], "POST", f"{ADMIN}/clients", content)
    credentials = (client.body["client_id"], client.body["client_secret"])
    sources: dict[NextToken, str] = {await _user(apis[0], None): OWN_AUDIENCE for _ in range(2)}
    sources[_client(credentials, {"scope": "items:read"})] = load.issuer
    for resource in RESOURCES:
        sources[await _user(apis[0], resource)] = resource
        sources[_client(credentials, {"resource": resource})] = resource
    return sources


async def _made(admin: Member, api: ApiClient, method: str, path: str, body: dict[str, Any]) -> Answer:
    answer = await until_conclusive(lambda: admin.call(api, method, path, json=body))
    if answer.status not in {OK, CREATED, TAKEN}:
        raise RuntimeError(f"{method} {path} is answered {answer.status}")
    return answer


async def _user(api: ApiClient, resource: str | None) -> NextToken:
    """Return a source that refreshes the session of a new user, for the resource or this service."""
    form = {"username": await new_person(api), "password": PASSWORD, **({"resource": resource} if resource else {})}
    refresh_token = ""

    async def next_token(api: ApiClient) -> str | None:
        nonlocal refresh_token
        call = api.post_refresh(refresh_token) if refresh_token else api.call("POST", TOKEN, data=form)
        answer = await answer_to(call)
        if answer.status != OK:
            if answer.is_conclusive:
                raise RuntimeError(f"a login or refresh is answered {answer.status}")
            # A lost response may have been a rotation: log in again.
            refresh_token = refresh_token if answer.status else ""
            return None
        refresh_token = answer.refresh
        return answer.access

    return next_token


def _client(credentials: tuple[str, str], asked: dict[str, str]) -> NextToken:
    """Return a source of the client's own tokens."""

    async def next_token(api: ApiClient) -> str | None:
        form = {"grant_type": "client_credentials", **asked}
        answer = await answer_to(api.call("POST", "/oauth/token", data=form, auth=credentials))
        if answer.is_conclusive and answer.status != OK:
            raise RuntimeError(f"a client is answered {answer.status}")
        return answer.access if answer.status == OK else None

    return next_token
