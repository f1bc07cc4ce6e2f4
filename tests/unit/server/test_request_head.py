"""The checks of a request's head."""

import pytest

from doorward.api.exceptions import RequestRefusedError, UrlTooLongError
from doorward.server.exceptions import (
    HeadersTooLargeError,
    InvalidHostError,
    UnsupportedVersionError,
    UpgradeWithBodyError,
)
from doorward.server.limits import MAXIMUM_FIELDS, MAXIMUM_URL_BYTES
from doorward.server.request_head import refusal_of_head, refusal_of_upgrade

HOST = (b"host", b"auth.example.com")


@pytest.mark.parametrize(
    "host",
    [
        b"auth.example.com",
        b"auth.example.com:8080",
        b"auth.example.com:",
        b"127.0.0.1:1",
        b"[::1]",
        b"[2001:db8::ffff:192.0.2.1]:443",
        b"under_score",
        b"a%2Fb",
        b"a" * 255 + b":65535",
        b"",
    ],
)
def test_a_valid_host_is_accepted(host: bytes) -> None:
    assert refusal_of_head("1.1", b"/", [(b"host", host)]) is None


@pytest.mark.parametrize(
    "host",
    [
        b"a b",
        b"a/b",
        b"a@b",
        b"http://a",
        b"a:b",
        b"a:123456",
        b"a:1:2",
        b"::1",
        b"[::1",
        b"[::1]a",
        b"[a]x:1",
        b"a%2",
        b"a\\b",
        b"a?b",
        b"\xc3\xa4",
        b"a\x7f",
        b"a\n",
        b"a" * 262,
    ],
)
def test_an_invalid_host_is_refused(host: bytes) -> None:
    assert refusal_of_head("1.1", b"/", [(b"host", host)]) is InvalidHostError


@pytest.mark.parametrize(
    ("version", "hosts", "refusal"),
    [
        ("1.1", 0, InvalidHostError),
        ("1.1", 1, None),
        ("1.1", 2, InvalidHostError),
        ("1.0", 0, None),
        ("1.0", 1, None),
        ("1.0", 2, InvalidHostError),
        ("2.0", 1, UnsupportedVersionError),
        ("0.9", 0, UnsupportedVersionError),
    ],
)
def test_http_1_1_requires_exactly_one_host(
    version: str, hosts: int, refusal: type[RequestRefusedError] | None
) -> None:
    assert refusal_of_head(version, b"/", [HOST] * hosts) is refusal


def test_values_at_the_bounds_are_accepted_and_greater_ones_refused() -> None:
    fields = [HOST, *([(b"x", b"y")] * (MAXIMUM_FIELDS - 1))]
    assert refusal_of_head("1.1", b"/" * MAXIMUM_URL_BYTES, fields) is None
    assert refusal_of_head("1.1", b"/" * (MAXIMUM_URL_BYTES + 1), fields) is UrlTooLongError
    assert refusal_of_head("1.1", b"/", [*fields, (b"x", b"y")]) is HeadersTooLargeError


@pytest.mark.parametrize(
    ("field", "refusal"),
    [
        ((b"content-length", b"0"), None),
        ((b"content-length", b"000"), None),
        ((b"content-length", b"1"), UpgradeWithBodyError),
        ((b"transfer-encoding", b"chunked"), UpgradeWithBodyError),
        ((b"x", b"1"), None),
    ],
)
def test_only_an_upgrade_without_a_body_is_ignored(
    field: tuple[bytes, bytes], refusal: type[RequestRefusedError] | None
) -> None:
    assert refusal_of_upgrade([HOST, field]) is refusal
