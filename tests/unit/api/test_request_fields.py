"""What the pass reads of a header section."""

import pytest

from doorward.api.exceptions import BodyTooLargeError, UnknownHostError
from doorward.api.middleware.request_head import check_host, check_length, correlation_id, read_fields, trace_id

TRACE = "ab" * 16
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01".encode()


def test_only_the_fields_of_the_pass_are_read_without_white_space_around_them() -> None:
    assert read_fields([(b"host", b" a \t"), (b"authorization", b"secret")]) == {b"host": b"a"}


@pytest.mark.parametrize("name", [b"host", b"origin", b"content-length", b"x-correlation-id", b"traceparent"])
def test_a_field_that_comes_twice_has_no_value(name: bytes) -> None:
    assert read_fields([(name, b"a"), (name, b"a"), (name, b"b")]) == {name: b""}


def test_a_request_has_the_id_that_it_brings_else_its_traces_else_a_new_one() -> None:
    assert correlation_id({b"x-correlation-id": b"mine"}, TRACE) == "mine"
    assert correlation_id({b"x-correlation-id": b"not mine"}, TRACE) == TRACE
    new = correlation_id({}, None)
    assert len(new) == 32
    assert new != correlation_id({}, None)


def test_a_trace_is_read_from_a_well_formed_header_only() -> None:
    assert trace_id({b"traceparent": PARENT}) == TRACE
    assert [trace_id(fields) for fields in ({}, {b"traceparent": b""}, {b"traceparent": PARENT + b"-more"})] == [
        None
    ] * 3


@pytest.mark.parametrize("length", [b"10", b"0", b"010"])
def test_an_announced_length_within_the_limit_is_taken(length: bytes) -> None:
    check_length({b"content-length": length}, 10)


@pytest.mark.parametrize("length", [b"11", b"", b"-1", b"+1", b"1e1", b"\xb2", b"9" * 21])
def test_another_announced_length_is_refused(length: bytes) -> None:
    with pytest.raises(BodyTooLargeError):
        check_length({b"content-length": length}, 10)


@pytest.mark.parametrize("host", [b"auth.example.com", b"AUTH.example.com:8443"])
def test_the_services_own_name_is_taken(host: bytes) -> None:
    check_host({b"host": host}, ("auth.example.com",))


@pytest.mark.parametrize("fields", [{}, {b"host": b""}, {b"host": b"evil.example"}, {b"host": b"auth.example.com:x"}])
def test_another_name_is_refused(fields: dict[bytes, bytes]) -> None:
    with pytest.raises(UnknownHostError):
        check_host(fields, ("auth.example.com",))
