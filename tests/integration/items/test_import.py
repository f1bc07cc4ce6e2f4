"""Imports: which lines become items; a file is stored completely or not at all."""

from typing import Any

import pytest

from tests.integration.items.catalogue import IMPORT, Owner
from tests.integration.service import is_problem, mark

FILE = "title,description,tags,year,visibility\n"
GOOD, BAD = 'A,"one\ntwo",x|y,1942,shared\n', "B,,,never,\n"


def _errors(body: dict[str, Any]) -> list[tuple[int, str]]:
    return [(int(error["pointer"].removeprefix("/body/line/")), error["code"]) for error in body["errors"]]


async def test_each_line_becomes_an_item_with_all_its_fields(owner: Owner) -> None:
    answer = await owner.import_csv(f"{FILE}{GOOD}\nB,,,,\n")
    assert answer.json()["imported"] == 2
    items = (await owner.listing(owner="me", sort="title"))["items"]
    fields = ("title", "description", "tags", "year", "visibility", "version", "owner_id")
    assert [[item[name] for name in fields] for item in items] == [
        ["A", "one\ntwo", ["x", "y"], 1942, "shared", 1, owner.person.id],
        ["B", "", [], None, "private", 1, owner.person.id],
    ]


async def test_values_with_a_special_meaning_for_copy_are_stored_unchanged(owner: Owner) -> None:
    titles = ["\\N", "\\.", "NULL", "{a}", '""', "a\\b", "\\x41", "\u6771\u4eac \U0001f600", "null"]
    lines = "".join('"{}"\n'.format(title.replace('"', '""')) for title in titles)
    assert (await owner.import_csv(f"title\n{lines}")).json()["imported"] == len(titles)
    assert sorted(await owner.titles()) == sorted(titles)


async def test_the_films_of_movielens_become_items(owner: Owner) -> None:
    file = 'movieId,title,genres\n1,Toy Story (1995),Animation|Comedy\n2,"Bridge, The",(no genres listed)\n'
    assert (await owner.import_csv(file, visibility="shared")).json()["imported"] == 2
    items = (await owner.listing(owner="me", sort="-title"))["items"]
    assert [(item["title"], item["tags"], item["year"], item["visibility"]) for item in items] == [
        ("Toy Story", ["Animation", "Comedy"], 1995, "shared"),
        ("Bridge, The", [], None, "shared"),
    ]


async def test_imported_items_are_found_and_counted_like_others(owner: Owner) -> None:
    word = mark()
    await owner.import_csv(f"title,tags\nThe {word},drama\n")
    assert await owner.search(word[:-1]) == [f"The {word}"]
    assert await owner.titles(tag="drama") == [f"The {word}"]


@pytest.mark.parametrize("file", ["title", "title\n", "title\n\n\n", "\ufefftitle\r\n"])
async def test_a_file_without_lines_is_accepted(owner: Owner, file: str) -> None:
    answer = (await owner.import_csv(file)).json()
    assert (answer["imported"], answer["skipped"], answer["errors"]) == (0, 0, [])


async def test_mixed_line_endings_and_a_byte_order_mark_are_accepted(owner: Owner) -> None:
    assert (await owner.import_csv("\ufefftitle,year\r\nA,1\nB,2\rC,3")).json()["imported"] == 3
    assert await owner.titles(sort="title") == ["A", "B", "C"]


async def test_with_one_bad_line_at_the_end_nothing_is_stored(owner: Owner) -> None:
    answer = await owner.import_csv(FILE + "A,,,,\n" * 5000 + BAD)
    assert is_problem(answer, 422, "import_refused")
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/body/line/5002", "invalid_item_year")
    assert error["detail"].endswith(".")
    assert owner.stored() == 0


async def test_errors_of_refused_files_and_of_skipped_lines_have_one_format(owner: Owner) -> None:
    refused = await owner.import_csv(f"{FILE}{GOOD}{BAD}too,few\n")
    left_out = await owner.import_csv(f"{FILE}{GOOD}{BAD}too,few\n", on_error="skip")
    assert refused.json()["errors"] == left_out.json()["errors"]
    assert set(left_out.json()["errors"][0]) == {"pointer", "code", "detail"}


async def test_a_list_of_newest_first_keeps_the_order_of_the_file(owner: Owner) -> None:
    await owner.create("Before")
    titles = [f"{number * 7919 % 1000}" for number in range(120)]
    file = "".join(f"{title}\n" for title in titles)
    assert (await owner.import_csv(f"title\n{file}")).json()["imported"] == 120
    await owner.create("After", visibility="shared")
    pages = [await owner.titles(page=page, page_size=50) for page in (1, 2, 3)]
    listed = [title for page in pages for title in page if title not in {"Before", "After"}]
    assert listed == titles
    oldest_first = [title for title in await owner.titles(sort="created_at", page_size=100) if title in titles]
    assert oldest_first == titles[::-1][: len(oldest_first)]


async def test_unused_columns_are_reported(owner: Owner) -> None:
    answer = (await owner.import_csv("\ufeff;title;rating\n0;A;9\n")).json()
    assert (answer["imported"], answer["unused_columns"]) == (1, ["", "rating"])


async def test_columns_can_be_mapped_to_fields(owner: Owner) -> None:
    answer = await owner.import_csv("Name,Published\nHeat,1995.0\n", columns="Name:title,Published:year")
    assert (answer.json()["imported"], answer.json()["unused_columns"]) == (1, [])
    (item,) = (await owner.listing(owner="me"))["items"]
    assert (item["title"], item["year"]) == ("Heat", 1995)


async def test_an_invalid_column_map_is_refused_with_its_reason(owner: Owner) -> None:
    assert is_problem(await owner.import_csv("A\n", columns="A"), 422, "invalid_column_map")
    answer = await owner.import_csv("A\n", columns="A:title,B:year")
    assert is_problem(answer, 422, "missing_csv_column")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/body/columns/year"]
    assert is_problem(await owner.import_csv("A\n", columns="A:title" * 300), 422, "invalid_request")


async def test_the_refusal_lists_the_first_hundred_bad_lines(owner: Owner) -> None:
    answer = await owner.import_csv(FILE + f"{GOOD}{BAD}" * 150)
    assert is_problem(answer, 422, "import_refused")
    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert pointers == [f"/body/line/{4 + 3 * number}" for number in range(100)]
    assert owner.stored() == 0


async def test_bad_lines_can_be_skipped_and_each_is_reported(owner: Owner) -> None:
    file = (f"{FILE}{GOOD}{BAD}too,few\n".encode() + b"\xff,,,,\n") + f",,,,\nC,,,,public\n{GOOD}".encode()
    answer = await owner.import_csv(file, on_error="skip")
    assert answer.status_code == 200
    assert _errors(answer.json()) == [
        (4, "invalid_item_year"),
        (5, "invalid_csv_line"),
        (6, "invalid_csv_encoding"),
        (7, "invalid_item_title"),
        (8, "invalid_item_visibility"),
    ]
    assert (answer.json()["imported"], answer.json()["skipped"], owner.stored()) == (2, 5, 2)


@pytest.mark.parametrize(("bad_lines", "status", "stored"), [(10_000, 200, 1), (10_001, 422, 0)])
async def test_at_most_ten_thousand_bad_lines_are_skipped(
    owner: Owner, bad_lines: int, status: int, stored: int
) -> None:
    answer = await owner.import_csv("title,year\nA,\n" + "B\n" * bad_lines, on_error="skip")
    assert answer.status_code == status
    assert owner.stored() == stored
    if status == 200:
        assert answer.json()["skipped"] == len(answer.json()["errors"]) == bad_lines
    else:
        assert is_problem(answer, 422, "too_many_bad_lines")


@pytest.mark.parametrize("on_error", ["abort", "skip"])
@pytest.mark.parametrize(
    ("file", "code"),
    [
        pytest.param(b"", "invalid_item_csv_header", id="nothing"),
        pytest.param(b"name,year\nA,1\n", "invalid_item_csv_header", id="no title"),
        pytest.param(b"A,1\n", "invalid_item_csv_header", id="no header"),
        pytest.param(b"title,title\nA,A\n", "repeated_csv_column", id="a column twice"),
        pytest.param(b"t\x00itle\nA\n", "not_csv", id="NUL in the header"),
        pytest.param(b"title;gr\xf6\xdfe\nA;1\n", "invalid_csv_encoding", id="Latin-1"),
        pytest.param("title\nA\n".encode("utf-16") + b"B\nC\n", "invalid_csv_encoding", id="UTF-8 after UTF-16"),
        pytest.param(b'title\nA\n"B\nC\n', "malformed_csv", id="a quote that is not closed"),
        pytest.param(b'title\nA\n"B"C\n', "malformed_csv", id="a quote that is closed too early"),
        pytest.param(b"title\nA\n" + b"a" * 100_000, "malformed_csv", id="a line of 100,000 characters"),
        pytest.param(b"title\nA\n" + b'"\n",' * 20_000, "malformed_csv", id="a row of 20,000 lines"),
        pytest.param(b"PK\x03\x04" + bytes(range(256)) * 10, "not_csv", id="a zip file"),
    ],
)
async def test_an_invalid_file_is_refused_and_nothing_is_stored(
    owner: Owner, file: bytes, code: str, on_error: str
) -> None:
    assert is_problem(await owner.import_csv(file, on_error=on_error), 422, code)
    assert owner.stored() == 0


async def test_a_malformed_file_is_refused_with_the_line_of_the_error(owner: Owner) -> None:
    answer = await owner.import_csv('title\nA\n"B\nC\nD\n')
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/body/line/3"]


@pytest.mark.parametrize("parameters", [{"on_error": "ignore"}, {"visibility": "public"}, {"owner": "ada"}])
async def test_invalid_parameters_are_refused(owner: Owner, parameters: dict[str, str]) -> None:
    assert is_problem(await owner.import_csv("title\nA\n", **parameters), 422, "invalid_request")
    assert owner.stored() == 0


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "csv", "application/x-www-form-urlencoded"]
)
async def test_another_content_type_is_refused(owner: Owner, kind: str) -> None:
    answer = await owner.call("POST", IMPORT, content=b"title\nA\n", headers={"Content-Type": kind})
    assert is_problem(answer, 415, "unsupported_media_type")
    assert owner.stored() == 0


@pytest.mark.parametrize(
    "kind",
    [
        "text/csv; charset=utf-8; header=present",
        "TEXT/CSV",
        "application/vnd.ms-excel",
        "application/octet-stream",
        "text/plain",
        "text/tab-separated-values",
        "",
    ],
)
async def test_csv_is_accepted_under_every_usual_content_type(owner: Owner, kind: str) -> None:
    answer = await owner.call("POST", IMPORT, content=b"title\nA\n", headers={"Content-Type": kind})
    assert (answer.status_code, owner.stored()) == (200, 1)
