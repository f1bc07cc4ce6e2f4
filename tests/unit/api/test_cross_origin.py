"""CORS: which preflight requests are accepted, and which headers let a page read a response."""

import pytest

from doorward.api.exceptions import CrossOriginRefusedError
from doorward.api.middleware.cross_origin import (
    CALLED_METHODS,
    MAXIMUM_NAMES_SHOWN,
    READ_HEADERS,
    CrossOrigin,
    is_preflight,
)
from doorward.api.middleware.request_head import Fields, read_fields

APP = "https://app.example.com"
OTHER = "https://evil.example.com"
ORIGIN = "/headers/Origin"
METHOD = "/headers/Access-Control-Request-Method"
HEADERS = "/headers/Access-Control-Request-Headers"
OF_APP = CrossOrigin(origins=(APP, "http://localhost:3000"))


def preflight_of(origin: str, method: str = "POST", headers: str = "") -> Fields:
    return read_fields(
        [
            (b"origin", origin.encode()),
            (b"access-control-request-method", method.encode()),
            (b"access-control-request-headers", headers.encode()),
        ]
    )


def refusals(rules: CrossOrigin, fields: Fields) -> dict[str, str]:
    """Return the refused parts of a preflight request with their reasons."""
    with pytest.raises(CrossOriginRefusedError) as refused:
        rules.preflight(fields)
    return {error.pointer: error.detail for error in refused.value.errors}


def names(rules: CrossOrigin, origin: str) -> dict[str, str]:
    """Return the headers of a response to a request of this origin."""
    headers = rules.answer_headers(read_fields([(b"origin", origin.encode())]))
    return {name.decode(): value.decode() for name, value in headers}


@pytest.mark.parametrize("method", CALLED_METHODS)
@pytest.mark.parametrize("headers", ["", "authorization,content-type,x-correlation-id", "BAGGAGE, Sentry-Trace ,dpop,"])
def test_a_preflight_of_an_allowed_origin_is_accepted(method: str, headers: str) -> None:
    answer = OF_APP.preflight(preflight_of(APP, method, headers))
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-methods"].split(", ") == list(CALLED_METHODS)
    assert {"Authorization", "If-Match"} <= set(answer.headers["access-control-allow-headers"].split(", "))


@pytest.mark.parametrize(
    ("origin", "method", "headers", "refused"),
    [
        (OTHER, "POST", "", {ORIGIN}),
        ("null", "POST", "", {ORIGIN}),
        (f"{APP}.evil.example", "POST", "", {ORIGIN}),
        (APP.upper(), "POST", "", {ORIGIN}),
        ("http://app.example.com", "POST", "", {ORIGIN}),
        (f"{APP}:8443", "POST", "", {ORIGIN}),
        (APP, "TRACE", "", {METHOD}),
        (APP, "post", "", {METHOD}),
        (APP, "POST", "x-other", {HEADERS}),
        (OTHER, "TRACE", "authorization, x-tenant", {ORIGIN, METHOD, HEADERS}),
    ],
)
def test_everything_that_is_not_allowed_is_named(origin: str, method: str, headers: str, refused: set[str]) -> None:
    assert set(refusals(OF_APP, preflight_of(origin, method, headers))) == refused


def test_without_allowed_origins_the_refusal_names_the_setting() -> None:
    assert "CORS_ALLOW_ORIGINS is empty" in refusals(CrossOrigin(origins=()), preflight_of(APP))[ORIGIN]


def test_refused_headers_are_sorted_and_invalid_names_are_not_repeated() -> None:
    detail = refusals(OF_APP, preflight_of(APP, headers=f"x-tenant,x-client,<script>,{'y' * 65}"))[HEADERS]
    assert detail.endswith("CORS_ALLOW_HEADERS: x-client, x-tenant.")
    many = ",".join(f"x-{number:02}" for number in range(MAXIMUM_NAMES_SHOWN + 1))
    assert refusals(OF_APP, preflight_of(APP, headers=many))[HEADERS].count("x-") == MAXIMUM_NAMES_SHOWN


def test_additional_headers_are_allowed_in_any_case() -> None:
    answer = CrossOrigin(origins=(APP,), headers=("X-Tenant",)).preflight(preflight_of(APP, headers="x-TENANT"))
    assert "X-Tenant" in answer.headers["access-control-allow-headers"].split(", ")


def test_a_response_is_readable_by_an_allowed_origin_only() -> None:
    exposed = ", ".join(READ_HEADERS)
    allowed = {"access-control-allow-origin": APP, "access-control-expose-headers": exposed, "vary": "Origin"}
    assert names(OF_APP, APP) == allowed
    assert names(OF_APP, OTHER) == {"vary": "Origin"}
    assert OF_APP.answer_headers({}) == ((b"vary", b"Origin"),)
    assert names(CrossOrigin(origins=()), APP) == {}


def test_a_wildcard_origin_is_returned_and_nothing_varies() -> None:
    shown = names(CrossOrigin(origins=("*",)), OTHER)
    assert (shown["access-control-allow-origin"], "vary" in shown) == ("*", False)


def test_credentials_are_allowed_for_named_origins_if_they_are_enabled() -> None:
    rules = CrossOrigin(origins=(APP,), allow_credentials=True)
    assert names(rules, APP)["access-control-allow-credentials"] == "true"
    assert "access-control-allow-credentials" not in names(OF_APP, APP) | names(rules, OTHER)


def test_only_an_unknown_origin_is_looked_up_and_only_if_origins_are_dynamic() -> None:
    dynamic = CrossOrigin(origins=(APP,), has_dynamic_origins=True)
    assert dynamic.origin_to_look_up(preflight_of(OTHER)) == OTHER
    assert dynamic.origin_to_look_up(preflight_of(APP)) is None
    assert dynamic.origin_to_look_up({}) is None
    assert OF_APP.origin_to_look_up(preflight_of(OTHER)) is None
    assert "redirect URIs" in refusals(dynamic, preflight_of(OTHER))[ORIGIN]


def test_a_looked_up_origin_gets_the_same_headers_without_cookies() -> None:
    rules = CrossOrigin(origins=(APP,), headers=("X-Tenant",), allow_credentials=True).for_origin(OTHER)
    assert rules.preflight(preflight_of(OTHER, headers="x-tenant")).status_code == 200
    assert "access-control-allow-credentials" not in names(rules, OTHER)


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        ("OPTIONS", preflight_of(APP), True),
        ("POST", preflight_of(APP), False),
        ("OPTIONS", read_fields([(b"origin", APP.encode())]), False),
        ("OPTIONS", read_fields([(b"access-control-request-method", b"GET")]), False),
    ],
)
def test_a_preflight_has_the_method_options_an_origin_and_a_requested_method(
    method: str, fields: Fields, *, expected: bool
) -> None:
    assert is_preflight(method, fields) is expected
