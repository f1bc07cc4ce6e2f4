"""The parts of the problem responses that need no request."""

import inspect
import json

import pytest

from doorward.api import exceptions as api_exceptions
from doorward.api.exceptions import RequestRefusedError
from doorward.api.policy import ErrorFormat
from doorward.api.problems import (
    STATUS_OF_KIND,
    detail_of,
    internal_error_response,
    json_pointer,
    problem_body,
    title_of,
)
from doorward.api.v1 import HTTP_HINTS
from doorward.core.exceptions import DomainError, Kind
from doorward.domain.auth import exceptions as auth_exceptions

MEMBERS = {"type", "title", "status", "detail", "code", "correlation_id"}
DOMAIN_ERRORS = [
    each
    for _, each in inspect.getmembers(auth_exceptions, inspect.isclass)
    if issubclass(each, DomainError) and each is not DomainError
]
HTTP_ERRORS = [
    each
    for name, each in inspect.getmembers(api_exceptions, inspect.isclass)
    if issubclass(each, RequestRefusedError) and each is not RequestRefusedError and not name.startswith("_")
]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_refusal_has_its_own_status(kind: Kind) -> None:
    assert list(STATUS_OF_KIND.values()).count(STATUS_OF_KIND[kind]) == 1


def test_only_kinds_of_refusal_have_a_status() -> None:
    assert set(STATUS_OF_KIND) == set(Kind)
    assert not hasattr(STATUS_OF_KIND, "default_factory")


def test_error_codes_are_unique() -> None:
    codes = [*(error.code for error in DOMAIN_ERRORS), *(error.code for error in HTTP_ERRORS)]
    assert sorted(codes) == sorted(set(codes))


def test_a_problem_has_these_members_and_no_others() -> None:
    assert problem_body(409, "a_code", "What to do.") == {
        "type": "urn:doorward:problem:a_code",
        "title": "Conflict",
        "status": 409,
        "detail": "What to do.",
        "code": "a_code",
        "correlation_id": "",
    }


@pytest.mark.parametrize(
    ("status", "error"),
    [(422, "invalid_request"), (429, "temporarily_unavailable"), (503, "temporarily_unavailable")],
)
def test_a_problem_in_oauth_format_has_the_members_of_rfc_6749_too(status: int, error: str) -> None:
    body = problem_body(status, "a_code", "What to do.", error_format=ErrorFormat.OAUTH)
    assert set(body) == MEMBERS | {"error", "error_description"}
    assert (body["error"], body["error_description"]) == (error, "What to do.")


def test_an_internal_error_is_a_problem_without_its_cause() -> None:
    response = internal_error_response(ErrorFormat.OAUTH)
    body = json.loads(bytes(response.body))
    assert (response.status_code, response.media_type) == (500, "application/problem+json")
    assert (set(body), body["code"]) == (MEMBERS | {"error", "error_description"}, "internal_error")
    assert body["error"] == "temporarily_unavailable"


@pytest.mark.parametrize(("status", "title"), [(413, "Content Too Large"), (422, "Unprocessable Content")])
def test_titles_are_those_of_rfc_9110(status: int, title: str) -> None:
    assert title_of(status) == title


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        (("body", "is_admin"), "/body/is_admin"),
        (("body", "a/b~c", 3), "/body/a~1b~0c/3"),
        (("query", "\u00e9\n<>"), "/query/????"),
        (("query", "x" * 65), f"/query/{'x' * 64}"),
    ],
)
def test_a_pointer_truncates_and_escapes_names_from_the_request(parts: tuple[str | int, ...], pointer: str) -> None:
    assert json_pointer(*parts) == pointer


def test_a_hint_follows_the_detail_of_a_domain_error() -> None:
    assert HTTP_HINTS
    for error, remedy in HTTP_HINTS.items():
        assert detail_of(error, HTTP_HINTS) == f"{error.detail} {remedy}"
        assert remedy.endswith(".")
    assert (
        detail_of(auth_exceptions.InvalidCredentialsError, HTTP_HINTS) == auth_exceptions.InvalidCredentialsError.detail
    )
