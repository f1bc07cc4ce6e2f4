"""The header fields that are read from each request."""

import pytest

from doorward.api.exceptions import BodyTooLargeError, UnknownHostError
from doorward.api.middleware.request_head import check_host, check_length, correlation_id, read_fields, trace_id

TRACE = "ab" * 16
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01".encode()


def test_only_known_fields_are_read_and_their_values_are_trimmed() -> None:
    assert read_fields([(b"host", b" a \t"), (b"authorization", b"secret")]) == {b"host": b"a"}


@pytest.mark.parametrize("name", [b"host", b"origin", b"content-length", b"x-correlation-id", b"traceparent"])
def test_a_repeated_field_has_no_value(name: bytes) -> None:
    assert read_fields([(name, b"a"), (name, b"a"), (name, b"b")]) == {name: b""}


def test_a_correlation_id_is_the_one_sent_else_that_of_the_trace_else_new() -> None:
    assert correlation_id({b"x-correlation-id": b"mine"}, TRACE) == "mine"
    assert correlation_id({b"x-correlation-id": b"not mine"}, TRACE) == TRACE
    new = correlation_id({}, None)
    assert len(new) == 32
    assert new != correlation_id({}, None)


def test_a_trace_id_is_read_only_from_a_well_formed_header() -> None:
    assert trace_id({b"traceparent": PARENT}) == TRACE
    assert [trace_id(fields) for fields in ({}, {b"traceparent": b""}, {b"traceparent": PARENT + b"-more"})] == [
        None
    ] * 3


@pytest.mark.parametrize("length", [b"10", b"0", b"010"])
def test_a_content_length_within_the_limit_is_accepted(length: bytes) -> None:
    check_length({b"content-length": length}, 10)


@pytest.mark.parametrize("length", [b"11", b"", b"-1", b"+1", b"1e1", b"\xb2", b"9" * 21])
def test_an_invalid_or_excessive_content_length_is_refused(length: bytes) -> None:
    with pytest.raises(BodyTooLargeError):
        check_length({b"content-length": length}, 10)


@pytest.mark.parametrize("host", [b"auth.example.com", b"AUTH.example.com:8443"])
def test_the_services_own_host_is_accepted(host: bytes) -> None:
    check_host({b"host": host}, ("auth.example.com",))


@pytest.mark.parametrize("fields", [{}, {b"host": b""}, {b"host": b"evil.example"}, {b"host": b"auth.example.com:x"}])
def test_another_host_is_refused(fields: dict[bytes, bytes]) -> None:
    with pytest.raises(UnknownHostError):
        check_host(fields, ("auth.example.com",))
