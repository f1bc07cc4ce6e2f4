"""For accounts without a second factor, /api/v1/auth responds exactly as before second factors existed.

The recording was made by the code before second factors. Only random values and times are masked.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import httpx

from development.client import AUTH, Person
from tests.integration.service import Service

RECORDED: Final = Path(__file__).with_name("recorded_contract.json")
MASKS: Final = (
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "<access token>"),
    (re.compile(r"dw[rdt]_[\w-]+"), "<token>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"user-[0-9a-f]{16}"), "<name>"),
    (re.compile(r'(?<="correlation_id":")[^"]+'), "<correlation id>"),
)


def masked(text: str) -> str:
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    return text


def shown(answer: httpx.Response) -> dict[str, Any]:
    """Return a response as text for the comparison: status, headers in their order, and body."""
    headers = [[name, masked(value)] for name, value in answer.headers.items() if name != "x-correlation-id"]
    headers = [[name, "<length>" if name == "content-length" else value] for name, value in headers]
    return {"status": answer.status_code, "headers": headers, "body": masked(answer.text)}


async def conversation(service: Service) -> dict[str, dict[str, Any]]:
    """Call the five routes of version 0.1 like its clients, for an account without a second factor."""
    client, person = service.client, await service.register()
    given: dict[str, httpx.Response] = {}
    body = {"email": person.email, "username": person.username, "password": person.password}
    given["taken address"] = await client.post(f"{AUTH}/register", json=body)
    given["malformed registration"] = await client.post(f"{AUTH}/register", json={"email": 1})
    given["login"] = login = await service.post_login(person)
    given["wrong password"] = await service.post_token(person.username, "not the password")
    given["unknown user"] = await service.post_token("nobody-of-this-name", person.password)
    given["empty login"] = await client.post(f"{AUTH}/token", data={})
    tokens = login.json()
    given["me"] = await service.get_me(tokens["access_token"])
    given["me without a token"] = await client.get(f"{AUTH}/me")
    given["me with a wrong token"] = await service.get_me("made-up")
    given["refresh"] = refreshed = await service.post_refresh(tokens["refresh_token"])
    given["logout"] = await service.post_revoke(refreshed.json()["refresh_token"])
    given["logout again"] = await service.post_revoke(refreshed.json()["refresh_token"])
    given["refresh after the logout"] = await service.post_refresh(refreshed.json()["refresh_token"])
    given["reuse"] = await _reuse(service, person)
    service.set_active(person, active=False)
    given["login of an inactive user"] = await service.post_login(person)
    return {name: shown(answer) for name, answer in given.items()}


async def _reuse(service: Service, person: Person) -> httpx.Response:
    first = await service.log_in(person)
    await service.refresh(first.refresh)
    return await service.post_refresh(first.refresh)


async def test_without_a_second_factor_every_response_equals_the_recording(service: Service) -> None:
    recorded: dict[str, dict[str, Any]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    answers = await conversation(service)
    assert answers.keys() == recorded.keys()
    for name, answer in answers.items():
        assert answer == recorded[name], name
