"""The header fields that the request pass needs, read in one loop. Repeated fields count as invalid. Pure."""

import re
from collections.abc import Iterable, Mapping
from random import getrandbits
from typing import Final

from doorward.api.exceptions import BodyTooLargeError, UnknownHostError
from doorward.settings.web_addresses import is_served_as

Fields = Mapping[bytes, bytes]

MAXIMUM_LENGTH_DIGITS: Final = 20
"""Maximum digits of a Content-Length, as in h11; Python refuses to convert numbers of thousands of digits."""

_READ: Final = frozenset(
    {
        b"host",
        b"origin",
        b"content-length",
        b"x-correlation-id",
        b"traceparent",
        b"access-control-request-method",
        b"access-control-request-headers",
    }
)
_REPEATED: Final = b""
"""Value of a repeated field: no reader accepts an empty value."""

_CORRELATION_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TRACE_PARENT: Final = re.compile(
    rb"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace_id>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    rb"(?P<more>-.*)?"
)
"""W3C Trace Context section 3.2. Later versions may add fields; version 00 may not."""


def read_fields(headers: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Return the fields that the request pass needs, without surrounding white space (RFC 9110 section 5.5)."""
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _READ:
            fields[name] = _REPEATED if name in fields else value.strip(b" \t")
    return fields


def trace_id(fields: Fields) -> str | None:
    """Return the trace id of a well-formed traceparent, else None."""
    given = fields.get(b"traceparent")
    match = _TRACE_PARENT.fullmatch(given) if given else None
    if match is None or (match["version"] == b"00" and match["more"]):
        return None
    return match["trace_id"].decode()


def correlation_id(fields: Fields, trace: str | None) -> str:
    """Return the caller's correlation id if it is well-formed, else the trace id, else a new id.

    A new id is as unique as a random UUID. It is not secret, so it needs no cryptographic random numbers.
    """
    given = fields.get(b"x-correlation-id")
    if given and _CORRELATION_ID.fullmatch(given):
        return given.decode()
    return trace or f"{getrandbits(128):032x}"


def check_host(fields: Fields, allowed: tuple[str, ...]) -> None:
    """Raise ``UnknownHostError`` unless there is exactly one Host (RFC 9112 section 3.2), and it is allowed."""
    host = fields.get(b"host", b"").decode("latin-1").lower()
    name, colon, port = host.rpartition(":")
    if not is_served_as(name if colon and port.isdecimal() else host, allowed):
        raise UnknownHostError


def check_length(fields: Fields, limit: int) -> None:
    """Raise ``BodyTooLargeError`` if the Content-Length exceeds the limit, before the body is read."""
    announced = fields.get(b"content-length", b"0")
    if not announced.isdigit() or len(announced) > MAXIMUM_LENGTH_DIGITS or int(announced) > limit:
        raise BodyTooLargeError
