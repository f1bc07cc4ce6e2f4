"""The versions that If-Match and If-None-Match name."""

import pytest
from starlette.requests import Request

from doorward.api.conditional import change_precondition, entity_tag, is_unchanged, read_precondition

VERSIONS = {1, 2, 3}


def _request(header: str, *values: str) -> Request:
    return Request({"type": "http", "headers": [(header.encode(), value.encode("latin-1")) for value in values]})


def _expected(header: str, *values: str) -> set[int]:
    is_allowed = read_precondition(_request(header, *values))
    return {version for version in VERSIONS if is_allowed(version)}


def _changeable(**headers: str) -> set[int]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    is_allowed = change_precondition(Request({"type": "http", "headers": raw}))
    return {version for version in VERSIONS if is_allowed(version)}


def test_an_entity_tag_is_the_version_in_quotes() -> None:
    assert entity_tag(12) == '"12"'


@pytest.mark.parametrize("values", [[], ["*"], [" * "]])
def test_without_if_match_or_with_a_star_any_version_matches(values: list[str]) -> None:
    assert _expected("if-match", *values) == VERSIONS


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
    assert _expected("if-match", *values) == versions


@pytest.mark.parametrize(
    "value",
    ["", " ", "1", "'1'", '"1', '1"', '""', '"-1"', '"1.0"', '" 1"', '"\u00b2"', 'W/"1"', '"' + "9" * 5000 + '"', "**"],
)
def test_a_malformed_weak_or_foreign_tag_matches_no_version(value: str) -> None:
    assert _expected("if-match", value) == set()


@pytest.mark.parametrize("values", [['"3"'], ['W/"3"'], ['"1", W/"3"'], ['"1"', '"3"'], ["*"]])
def test_if_none_match_matches_the_version_of_the_client(values: list[str]) -> None:
    assert is_unchanged(_request("if-none-match", *values), 3)


@pytest.mark.parametrize("values", [[], [""], ['"2"'], ["3"], ['"33"'], ['w/"3"'], ['"03"'], ['"3', '"']])
def test_if_none_match_does_not_match_another_version(values: list[str]) -> None:
    assert not is_unchanged(_request("if-none-match", *values), 3)


def test_without_conditions_any_version_may_be_changed() -> None:
    assert _changeable() == VERSIONS


@pytest.mark.parametrize(
    ("value", "versions"),
    [('"2"', {1, 3}), ('W/"2"', {1, 3}), ('"1", "2"', {3}), ("*", set()), ('"x"', VERSIONS), ("2", VERSIONS)],
)
def test_a_version_that_if_none_match_names_may_not_be_changed(value: str, versions: set[int]) -> None:
    assert _changeable(if_none_match=value) == versions


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "versions"),
    [('"1", "2"', '"2"', {1}), ("*", '"2"', {1, 3}), ('"2"', "*", set()), ('"2"', '"2"', set()), ('"2"', '"3"', {2})],
)
def test_both_conditions_must_hold(if_match: str, if_none_match: str, versions: set[int]) -> None:
    assert _changeable(if_match=if_match, if_none_match=if_none_match) == versions
