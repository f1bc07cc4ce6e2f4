"""If-Match and If-None-Match: which versions they name."""

import pytest
from starlette.requests import Request

from doorward.api.conditional import entity_tag, expected_versions, is_unchanged


def _request(header: str, *values: str) -> Request:
    return Request({"type": "http", "headers": [(header.encode(), value.encode("latin-1")) for value in values]})


def test_an_entity_tag_is_the_version_in_quotes() -> None:
    assert entity_tag(12) == '"12"'


@pytest.mark.parametrize("values", [[], ["*"], [" * "]])
def test_without_if_match_or_with_a_star_any_version_will_do(values: list[str]) -> None:
    assert expected_versions(_request("if-match", *values)) is None


@pytest.mark.parametrize(
    ("values", "versions"),
    [
        (['"1"'], {1}),
        ([' "1" '], {1}),
        (['"1", "2","3"'], {1, 2, 3}),
        (['"1"', '"2"'], {1, 2}),
        (['W/"1", "2"'], {2}),
        (['"other", "2"'], {2}),
        (['*, "2"'], {2}),
        (['"02", "2"'], {2}),
        (['"02"'], set()),
    ],
)
def test_if_match_names_the_versions_of_its_strong_tags(values: list[str], versions: set[int]) -> None:
    assert expected_versions(_request("if-match", *values)) == versions


@pytest.mark.parametrize(
    "value",
    ["", " ", "1", "'1'", '"1', '1"', '""', '"-1"', '"1.0"', '" 1"', '"\u00b2"', 'W/"1"', '"' + "9" * 5000 + '"', "**"],
)
def test_a_malformed_weak_or_foreign_tag_matches_no_version(value: str) -> None:
    assert expected_versions(_request("if-match", value)) == set()


@pytest.mark.parametrize("values", [['"3"'], ['W/"3"'], ['"1", W/"3"'], ['"1"', '"3"'], ["*"]])
def test_if_none_match_recognises_the_version_that_the_client_has(values: list[str]) -> None:
    assert is_unchanged(_request("if-none-match", *values), 3)


@pytest.mark.parametrize("values", [[], [""], ['"2"'], ["3"], ['"33"'], ['w/"3"'], ['"03"'], ['"3', '"']])
def test_if_none_match_does_not_recognise_another_version(values: list[str]) -> None:
    assert not is_unchanged(_request("if-none-match", *values), 3)
