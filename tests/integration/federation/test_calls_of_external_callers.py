"""External callers may call item routes within their scopes, and no other route that requires a caller."""

from typing import Any, Final
from uuid import uuid4

import httpx

from tests.integration.federation.issuer import Issuer, trusting
from tests.integration.service import MakeService, Service, is_problem

STATES: Final = ("editor", "reader", "nothing", "bare", "deactivated")
"""A user with a role for both scopes; a user with a role for reading; a subject without mapped roles; an editor of an
issuer whose callers are not stored as users; a user who is deactivated in this service."""

TABLE: Final = """
call                                 editor reader nothing bare deactivated

GET    /api/v1/items                    200    200     403  200         401
POST   /api/v1/items                    201    403     403  403         401
GET    /api/v1/items/search             200    200     403  200         401
POST   /api/v1/items/import             200    403     403  403         401
GET    /api/v1/items/{item_id} private  404    404     403  404         401
PUT    /api/v1/items/{item_id} private  404    403     403  403         401
PATCH  /api/v1/items/{item_id} private  404    403     403  403         401
DELETE /api/v1/items/{item_id} private  404    403     403  403         401
GET    /api/v1/items/{item_id} shared   200    200     403  200         401
PUT    /api/v1/items/{item_id} shared   403    403     403  403         401
PATCH  /api/v1/items/{item_id} shared   403    403     403  403         401
DELETE /api/v1/items/{item_id} shared   403    403     403  403         401
GET    /api/v1/items/{item_id} own      200
PUT    /api/v1/items/{item_id} own      200
PATCH  /api/v1/items/{item_id} own      200
DELETE /api/v1/items/{item_id} own      204
"""
"""The items belong to a local user; ``own`` ones to the editor."""

ITEM: Final = {"title": "Casablanca"}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "POST /api/v1/items": {"json": ITEM},
    "GET /api/v1/items/search": {"params": {"q": "casablanca"}},
    "POST /api/v1/items/import": {"content": b"title\nM\n", "headers": {"Content-Type": "text/csv"}},
    "PUT /api/v1/items/{item_id}": {"json": ITEM},
    "PATCH /api/v1/items/{item_id}": {"json": ITEM},
}


class Callers:
    """Tokens in each state, and the services that trust their issuer."""

    def __init__(self, users: Service, bare: Service, issuer: Issuer) -> None:
        self.service = {**dict.fromkeys(STATES, users), "bare": bare}
        roles = {"reader": ["reader"], "nothing": ["other"]}
        self.token = {state: issuer.token(sub=str(uuid4()), roles=roles.get(state, ["editor"])) for state in STATES}

    async def call(self, state: str, method: str, path: str, **options: Any) -> httpx.Response:
        return await self.service[state].items(self.token[state], method, path, **options)


async def callers(make_service: MakeService, issuer: Issuer) -> Callers:
    users = await make_service(trusted_issuers=trusting(issuer.entry()))
    bare = await make_service(trusted_issuers=trusting(issuer.entry(users="none")))
    made = Callers(users, bare, issuer)
    created = await made.call("deactivated", "POST", "/api/v1/items", json=ITEM)
    users.sql("UPDATE users SET is_active = false WHERE id = %s", created.json()["owner_id"])
    return made


async def test_every_item_route_answers_each_external_caller_as_in_the_table(
    make_service: MakeService, issuer: Issuer
) -> None:
    made = await callers(make_service, issuer)
    _, pair = await made.service["editor"].register_and_log_in()
    measured = TABLE.splitlines()[:3]
    for row in TABLE.splitlines()[3:]:
        method, path, *rest = row.split()
        cells = [each for each in rest if each.isdecimal()]
        visibility = next((each for each in rest if not each.isdecimal()), "private")
        token = made.token["editor"] if visibility == "own" else pair.access
        body = {**ITEM, "visibility": "shared" if visibility == "shared" else "private"}
        statuses = []
        for state in STATES[: len(cells)]:
            item = await made.service["editor"].items(token, "POST", json=body)
            address = path.format(item_id=item.json()["id"])
            answer = await made.call(state, method, address, **BODIES.get(f"{method} {path}", {}))
            statuses.append(str(answer.status_code))
        measured.append(row if statuses == cells else f"{method} {path} {visibility} is {statuses}")
    assert measured == TABLE.splitlines()


async def test_every_other_authenticated_route_refuses_external_callers(
    make_service: MakeService, issuer: Issuer
) -> None:
    made = await callers(make_service, issuer)
    client = made.service["editor"].client
    paths = (await client.get("/openapi.json")).json()["paths"]
    asked = 0
    for path, method in [(path, method) for path, calls in paths.items() for method in calls]:
        address = path.format_map({name: uuid4() for name in _names(path)})
        anonymous = await client.request(method, address)
        if path.startswith("/api/v1/items") or anonymous.json().get("code") != "missing_access_token":
            continue
        asked += 1
        for state in ("editor", "bare"):
            answer = await made.call(state, method, address)
            assert is_problem(answer, 403, "insufficient_scope"), (method, path, answer.text)
    assert asked > 40


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]
