"""Checks of each request head before the application receives it. Pure."""

import functools
import re
from collections.abc import Sequence
from typing import Final

from doorward.api.exceptions import RequestRefusedError, UrlTooLongError
from doorward.server.exceptions import (
    HeadersTooLargeError,
    InvalidHostError,
    UnsupportedVersionError,
    UpgradeWithBodyError,
)
from doorward.server.limits import MAXIMUM_FIELDS, MAXIMUM_HEAD_BYTES, MAXIMUM_URL_BYTES

Headers = Sequence[tuple[bytes, bytes]]

_HOST: Final = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]{2,45}\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]{0,5})?"
)
"""RFC 3986 sections 3.2.2 and 3.2.3, which allow an empty host."""

_MAXIMUM_HOST_BYTES: Final = 261
"""A name of 255 octets, a colon and a port."""

_FIELD_OVERHEAD_BYTES: Final = len(": \r\n")


def refusal_of_head(version: str, url: bytes, headers: Headers) -> type[RequestRefusedError] | None:
    """Return why a complete head is refused, or None. Header names are in lower case."""
    if version not in {"1.1", "1.0"}:
        return UnsupportedVersionError
    host = None
    for name, value in headers:
        if name == b"host":
            if host is not None or len(value) > _MAXIMUM_HOST_BYTES or not _is_host(value):
                return InvalidHostError
            host = value
    if host is None and version != "1.0":
        return InvalidHostError
    return refusal_of_size(url, headers)


@functools.lru_cache(maxsize=256)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


def refusal_of_size(url: bytes, headers: Headers) -> type[RequestRefusedError] | None:
    """Return why a head, complete or not, is too large, or None."""
    if len(url) > MAXIMUM_URL_BYTES:
        return UrlTooLongError
    return HeadersTooLargeError if len(headers) > MAXIMUM_FIELDS else None


def refusal_of_long_head(url: bytes, headers: Headers) -> type[RequestRefusedError] | None:
    """Return ``HeadersTooLargeError`` for a complete head above ``MAXIMUM_HEAD_BYTES``, or None."""
    size = len(url) + sum(len(name) + len(value) + _FIELD_OVERHEAD_BYTES for name, value in headers)
    return HeadersTooLargeError if size > MAXIMUM_HEAD_BYTES else None


def refusal_of_upgrade(headers: Headers) -> type[RequestRefusedError] | None:
    """Return ``UpgradeWithBodyError`` for a head that has Upgrade and a body, or None.

    Without a body Upgrade is ignored, as RFC 9110 section 7.8 allows.
    """
    has_body = any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0")) for name, value in headers
    )
    return UpgradeWithBodyError if has_body else None
