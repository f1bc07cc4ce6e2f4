"""One pass through all uses of the database by the service, with a check of each response."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import httpx

AUTH: Final = "/api/v1/auth"
ITEMS: Final = "/api/v1/items"
PASSWORD: Final = "correct horse battery"  # noqa: S105 - of accounts that the proof creates
TITLE: Final = "Café Łódź 東京 NULL"
TAGS: Final = ["NULL", 'back\\slash "quoted"', "Łódź"]
AT_ONCE: Final = 6
LINES: Final = 3


Pair = dict[str, Any]


class WrongAnswerError(Exception):
    """A response that is neither correct nor a clear refusal."""


class UnavailableError(WrongAnswerError):
    """A 503 instead of the expected response: a clear refusal."""


class Journey:
    """One user's calls, from registration to the end of the session."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """Take a client of the service."""
        self._client = client
        self._name = f"u{secrets.token_hex(8)}"
        self._access = ""

    async def run(self) -> None:
        """Make all calls. Raises ``WrongAnswerError``."""
        account = {"email": f"{self._name}@example.com", "username": self._name, "password": PASSWORD}
        await self._call(201, "POST", f"{AUTH}/register", json=account)
        await self._call(409, "POST", f"{AUTH}/register", json=account)
        await self._reuse()
        await self._race()
        pair = await self._log_in()
        await self._use_items()
        await self._import_items()
        await self._call(204, "POST", f"{AUTH}/revoke", json={"refresh_token": pair["refresh_token"]})
        await self._is_dead(pair)

    async def begin_theft(self) -> tuple[Pair, Pair]:
        """Register and refresh; return the used pair of tokens and the current one."""
        account = {"email": f"{self._name}@example.com", "username": self._name, "password": PASSWORD}
        await self._call(201, "POST", f"{AUTH}/register", json=account)
        used = await self._log_in()
        return used, await self._refresh(200, used)

    async def commit_theft(self, pairs: tuple[Pair, Pair]) -> None:
        """Reuse the used refresh token; require a refusal or a 503."""
        answer = await self._send_refresh(pairs[0])
        _require(
            answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE}, "a used token", answer.text
        )

    async def end_theft(self, pairs: tuple[Pair, Pair]) -> None:
        """Reuse the token again; require a refusal, and that the current token is refused, too."""
        await self._refresh(401, pairs[0])
        await self._is_dead(pairs[1])

    async def _reuse(self) -> None:
        first = await self._log_in()
        me = await self._call(200, "GET", f"{AUTH}/me")
        _require(me["username"] == self._name, "another user", me)
        second = await self._refresh(200, first)
        third = await self._refresh(200, second)
        await self._refresh(401, first)
        await self._is_dead(third)

    async def _race(self) -> None:
        """Require that only one of concurrent uses of a token succeeds, and that the session ends."""
        pair = await self._log_in()
        answers = await asyncio.gather(*(self._send_refresh(pair) for _ in range(AT_ONCE)))
        found = Counter(answer.status_code for answer in answers)
        _require(found == {200: 1, 401: AT_ONCE - 1}, "uses of one token", found)
        await self._is_dead(next(answer.json() for answer in answers if answer.is_success))

    async def _use_items(self) -> None:
        item = {"title": TITLE, "description": "a\\b", "tags": TAGS, "year": 1942}
        created = await self._call(201, "POST", ITEMS, json=item)
        _require({name: created[name] for name in item} == item, "created", created)
        patches = [self._send("PATCH", f"{ITEMS}/{created['id']}", json={"year": 1900 + n}) for n in range(AT_ONCE)]
        found = Counter(answer.status_code for answer in await asyncio.gather(*patches))
        _require(found == {200: AT_ONCE}, "changes of one item", found)
        read = await self._call(200, "GET", f"{ITEMS}/{created['id']}")
        _require(read["version"] == 1 + AT_ONCE, "version", read)
        _require(read["created_at"] == created["created_at"], "moment of creation", read)
        _require(created["created_at"].endswith(("Z", "+00:00")), "moment not in UTC", created)
        for query in ({"tag": TAGS[0]}, {"title": "ŁÓDŹ"}, {"owner": "me", "after": ""}):
            await self._lists(ITEMS, query, [created["id"]])
        await self._lists(f"{ITEMS}/search", {"q": "łódź caf"}, [created["id"]])
        await self._call(204, "DELETE", f"{ITEMS}/{created['id']}")

    async def _import_items(self) -> None:
        word = f"w{secrets.token_hex(6)}"
        lines = "".join(f"{word} {n} é,Łódź|NULL,{2000 + n}\n" for n in range(LINES))
        headers = {"Content-Type": "text/csv"}
        csv = f"title,tags,year\n{lines}".encode()
        done = await self._call(200, "POST", f"{ITEMS}/import", content=csv, headers=headers)
        _require(done["imported"] == LINES, "imported", done)
        found = await self._call(200, "GET", ITEMS, params={"owner": "me", "sort": "title"})
        titles = [item["title"] for item in found["items"]]
        _require(titles == [f"{word} {n} é" for n in range(LINES)], "imported titles", titles)
        found = await self._call(200, "GET", f"{ITEMS}/search", params={"q": word})
        _require(found["pagination"]["total_items"] == LINES, "search for what was imported", found)

    async def _lists(self, path: str, query: dict[str, str], ids: Sequence[str]) -> None:
        found = await self._call(200, "GET", path, params=query)
        listed = [item["id"] for item in found["items"] if item["id"] in ids]
        _require(listed == ids, f"{path} {query}", found)

    async def _log_in(self) -> Pair:
        form = {"username": self._name, "password": PASSWORD}
        pair: Pair = await self._call(200, "POST", f"{AUTH}/token", data=form)
        self._access = pair["access_token"]
        return pair

    async def _is_dead(self, pair: Pair) -> None:
        await self._refresh(401, pair)
        answer = await self._send("GET", f"{AUTH}/me", headers={"Authorization": f"Bearer {pair['access_token']}"})
        _require(answer.status_code == HTTPStatus.UNAUTHORIZED, "access token of an ended session", answer.text)

    async def _refresh(self, status: int, pair: Pair) -> Pair:
        body = {"refresh_token": pair["refresh_token"]}
        answer: Pair = await self._call(status, "POST", f"{AUTH}/refresh", json=body)
        return answer

    async def _send_refresh(self, pair: Pair) -> httpx.Response:
        return await self._send("POST", f"{AUTH}/refresh", json={"refresh_token": pair["refresh_token"]})

    async def _call(self, status: int, method: str, path: str, **content: Any) -> Any:  # noqa: ANN401 - httpx's own
        answer = await self._send(method, path, **content)
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in answer.headers:
            raise UnavailableError(f"{method} {path}")
        found = f"{answer.status_code} {answer.text}"
        _require(answer.status_code == status, f"{method} {path}, needed {status}", found)
        return answer.json() if answer.content else {}

    async def _send(self, method: str, path: str, **content: Any) -> httpx.Response:  # noqa: ANN401 - as above
        bearer = {"Authorization": f"Bearer {self._access}"} if self._access else {}
        headers = bearer | content.pop("headers", {})
        return await self._client.request(method, path, headers=headers, **content)


def _require(is_right: bool, what: str, found: object) -> None:  # noqa: FBT001 - like an assertion
    if not is_right:
        raise WrongAnswerError(f"{what}: {found}")
