"""Invalid items are refused with 4xx, never repeated in responses or logs, and not stored."""

import json
from typing import Any

import pytest

from tests.integration.items.catalogue import IMPORT, ITEMS, Owner, item_of, never_an_item, path_of
from tests.integration.service import Logs, is_problem, mark

TOO_LARGE = 10 * 1024 * 1024
BODIES = [
    pytest.param({"title": ""}, "invalid_item_title", id="no title"),
    pytest.param({"title": "a" * 301}, "invalid_item_title", id="a long title"),
    pytest.param({"title": "a\x00b"}, "invalid_item_title", id="NUL"),
    pytest.param({"title": "a\ud800b"}, "malformed_body", id="a lone surrogate"),
    pytest.param({"title": "a\nb"}, "invalid_item_title", id="two lines"),
    pytest.param({"description": "a" * 10_001}, "invalid_item_description", id="a long description"),
    pytest.param({"description": "a\x00b"}, "invalid_item_description", id="NUL in a description"),
    pytest.param({"tags": ["a" * 100]}, "invalid_item_tags", id="a tag of 100 characters"),
    pytest.param({"tags": ["a"] * 1000}, "invalid_item_tags", id="1,000 tags"),
    pytest.param({"tags": ["a"] * 1001}, "invalid_request", id="1,001 tags"),
    pytest.param({"tags": ["a,b"]}, "invalid_item_tags", id="a tag with a comma"),
    pytest.param({"tags": "a"}, "invalid_request", id="tags as text"),
    pytest.param({"tags": [1]}, "invalid_request", id="a number for a tag"),
    pytest.param({"tags": [None]}, "invalid_request", id="null for a tag"),
    pytest.param({"tags": None}, "invalid_request", id="null for tags"),
    pytest.param({"year": 0}, "invalid_request", id="year 0"),
    pytest.param({"year": -1}, "invalid_request", id="a negative year"),
    pytest.param({"year": 10_000}, "invalid_request", id="year 10000"),
    pytest.param({"year": 10**30}, "invalid_request", id="a huge year"),
    pytest.param({"year": 1942.5}, "invalid_request", id="a fraction as a year"),
    pytest.param({"year": "1942"}, "invalid_request", id="a year as text"),
    pytest.param({"year": True}, "invalid_request", id="true for a year"),
    pytest.param({"visibility": "public"}, "invalid_request", id="another visibility"),
    pytest.param({"visibility": None}, "invalid_request", id="null for a visibility"),
    pytest.param({"title": None}, "invalid_request", id="null for a title"),
    pytest.param({"title": 1}, "invalid_request", id="a number for a title"),
    pytest.param({"colour": "red"}, "invalid_request", id="an unknown member"),
]
AS_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(("content", "code"), BODIES)
async def test_invalid_content_is_refused_by_every_call(owner: Owner, content: dict[str, Any], code: str) -> None:
    item = await owner.create("A")
    whole = json.dumps({"title": "B", **content}).encode()
    answers = [
        await owner.call("POST", ITEMS, content=whole, headers=AS_JSON),
        await owner.call("PUT", path_of(item), content=whole, headers=AS_JSON),
        await owner.call("PATCH", path_of(item), content=json.dumps(content).encode(), headers=AS_JSON),
    ]
    for answer in answers:
        assert is_problem(answer, 422, code)
    assert item_of(await owner.get(path_of(item))) == item
    assert owner.stored() == 1


async def test_an_item_without_a_title_is_refused(owner: Owner) -> None:
    answer = await owner.post({"year": 1942})
    assert is_problem(answer, 422, "invalid_request")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/body/title"]
    assert owner.stored() == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "text/csv"])
async def test_another_content_type_is_refused(owner: Owner, method: str, kind: str) -> None:
    path = ITEMS if method == "POST" else path_of(await owner.create())
    answer = await owner.call(method, path, content=b'{"title": "a"}', headers={"Content-Type": kind})
    assert is_problem(answer, 415, "unsupported_media_type")


async def test_a_merge_patch_is_accepted_only_by_patch(owner: Owner) -> None:
    headers = {"Content-Type": "application/merge-patch+json"}
    for method, path in (("POST", ITEMS), ("PUT", path_of(await owner.create()))):
        answer = await owner.call(method, path, content=b'{"title": "a"}', headers=headers)
        assert is_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_body_of_ten_megabytes_is_refused(owner: Owner, method: str) -> None:
    path = ITEMS if method == "POST" else path_of(never_an_item())
    body = b'{"title": "' + b"a" * TOO_LARGE + b'"}'
    assert is_problem(await owner.call(method, path, content=body, headers=AS_JSON), 413, "body_too_large")
    assert owner.stored() == 0


@pytest.mark.parametrize("name", ["1", "null", "%00", "%ff", "' OR 1=1", "..%2f..", "a" * 3000, "import", "search2"])
@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH"])
async def test_an_invalid_item_id_is_refused(owner: Owner, method: str, name: str) -> None:
    answer = await owner.call(method, f"{ITEMS}/{name}", json={"title": "a"})
    assert answer.status_code in {404, 405, 422}
    assert is_problem(answer, answer.status_code, answer.json()["code"])


async def test_refused_input_is_not_repeated_in_the_response_or_the_log(owner: Owner, logs: Logs) -> None:
    secret = mark()
    item = await owner.create()
    headers = {"Content-Type": "text/csv"}
    answers = [
        await owner.post({"title": secret * 100}),
        await owner.post({"title": [secret]}),
        await owner.post({"title": "a", "unknown": secret}),
        await owner.change("PUT", item, {"title": "a", "tags": [f"{secret},"]}),
        await owner.change("PATCH", item, {"visibility": secret}),
        await owner.change("PATCH", item, {}, f'"{secret}"'),
        await owner.get(ITEMS, sort=secret),
        await owner.get(ITEMS, tag=f"{secret}\x00"),
        await owner.get(ITEMS, after=secret),
        await owner.get(ITEMS, unknown=secret),
        await owner.get(f"{ITEMS}?tag={secret}&tag=b"),
        await owner.get(f"{ITEMS}/{secret}"),
        await owner.call("POST", IMPORT, content=f"name,{secret}\n".encode(), headers=headers),
        await owner.call("POST", IMPORT, content=f"title,year\n{secret},{secret}\n".encode(), headers=headers),
        await owner.call("POST", IMPORT, content=f'title\n"{secret}'.encode(), headers=headers),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert secret not in answer.text
        assert secret not in str(answer.headers)
    assert secret not in logs.text()


async def test_thousands_of_combining_marks_are_refused_in_every_parameter(owner: Owner) -> None:
    item = await owner.create("A")
    for marks in ("\u0301" * 15_000 + "\u0316" * 15_000, "\u0f81" * 20_000, "\u0316" * 31):
        content = {"title": "x", "description": f"a{marks}"}
        for method, path in (("POST", ITEMS), ("PUT", path_of(item)), ("PATCH", path_of(item))):
            answer = await owner.call(
                method, path, content=json.dumps(content, ensure_ascii=False).encode(), headers=AS_JSON
            )
            assert is_problem(answer, 422, "invalid_item_description")
    file = ("title,description\nx,a" + "\u0316" * 31 + "\n").encode()
    answer = await owner.call("POST", IMPORT, content=file, headers={"Content-Type": "text/csv"})
    assert answer.json()["errors"][0]["code"] == "invalid_item_description"
    assert owner.stored() == 1


async def test_of_thousands_of_errors_in_a_body_the_first_hundred_are_returned(owner: Owner) -> None:
    body = json.dumps({"title": "a", **{f"{number:x}": 1 for number in range(5_000)}}, separators=(",", ":")).encode()
    answer = await owner.call("POST", ITEMS, content=body, headers=AS_JSON)
    assert is_problem(answer, 422, "invalid_request")
    assert len(answer.json()["errors"]) == 100
