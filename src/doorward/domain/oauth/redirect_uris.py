"""Redirect URIs: which can be registered, and whether a request names a registered one. Pure.

They are compared as strings (RFC 9700 section 2.1). The only exception is the port of a loopback URI, which native
applications choose when they start (RFC 8252 section 7.3).
"""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from doorward.domain.oauth.exceptions import InvalidRedirectUriError

MAXIMUM_LENGTH: Final = 512
MAXIMUM_URIS_PER_CLIENT: Final = 20
OWN_PARAMETERS: Final = frozenset({"code", "state", "iss", "error", "error_description", "session_state"})
"""The parameters that the service adds to a redirect URI."""

_VISIBLE: Final = re.compile(r"[!-~]+")
_FORBIDDEN: Final = re.compile(r"[\\*#<>\"`{}|^]")
_DOTS: Final = frozenset({".", ".."})
_PRIVATE_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+")
"""Private-use schemes are based on a domain name, so they have a full stop (RFC 8252 section 7.1)."""

_USUAL_PORTS: Final = {"http": ":80", "https": ":443"}
"""The ports that browsers leave out of origins."""

_LOOPBACK: Final = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::[0-9]{1,5})?(|[/?].*)", re.DOTALL)


def checked_redirect_uris(uris: Collection[str]) -> tuple[str, ...]:
    """Return the URIs in the given order without duplicates, if they may be registered.

    Raises ``InvalidRedirectUriError``.
    """
    distinct = tuple(dict.fromkeys(uris))
    if len(distinct) > MAXIMUM_URIS_PER_CLIENT or not all(map(_may_be_registered, distinct)):
        raise InvalidRedirectUriError
    return distinct


def is_registered(uri: str, registered: Collection[str]) -> bool:
    """Return whether a request names one of the registered URIs."""
    if uri in registered:
        return True
    asked = _without_port(uri)
    return asked is not None and asked in map(_without_port, registered)


def is_native(uri: str) -> bool:
    """Return whether a URI belongs to an application on the user's device.

    Other applications on the device can receive its codes (RFC 8252 section 8.6).
    """
    return urlsplit(uri).scheme != "https"


def host_of(uri: str) -> str:
    """Return the part of a URI that users are shown: the host, or the scheme if there is no host."""
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme in {"http", "https"} else f"{parts.scheme}:"


def origin_of(uri: str) -> str | None:
    """Return the origin of a URI as browsers send it; None for a private-use scheme."""
    parts = urlsplit(uri)
    netloc = parts.netloc.lower().removesuffix(_USUAL_PORTS.get(parts.scheme, ""))
    return f"{parts.scheme}://{netloc}" if parts.scheme in _USUAL_PORTS else None


def is_loopback(uri: str) -> bool:
    """Return whether a URI or an origin is on the user's own machine (RFC 8252 section 7.3)."""
    return _LOOPBACK.fullmatch(uri) is not None


def origin_without_port(origin: str) -> str:
    """Return a loopback origin without its port, and any other origin unchanged."""
    found = _LOOPBACK.fullmatch(origin)
    return origin if found is None or found[2] else found[1]


def has_dot_segment(path: str) -> bool:
    """Return whether a server might read a path segment as ``.`` or ``..``, even encoded or with path parameters."""
    decoded = re.sub("%2f|%5c", "/", re.sub("%2e", ".", path, flags=re.IGNORECASE), flags=re.IGNORECASE)
    return any(segment.partition(";")[0] in _DOTS for segment in decoded.split("/"))


def _may_be_registered(uri: str) -> bool:
    if len(uri) > MAXIMUM_LENGTH or not _VISIBLE.fullmatch(uri) or _FORBIDDEN.search(uri):
        return False
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    if "@" in parts.netloc or port == 0 or has_dot_segment(parts.path) or _has_own_parameter(parts.query):
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme == "http":
        return _LOOPBACK.fullmatch(uri) is not None
    return uri.startswith(f"{parts.scheme}:") and _PRIVATE_SCHEME.fullmatch(parts.scheme) is not None


def _has_own_parameter(query: str) -> bool:
    """Return whether the query has a parameter that the service adds: clients might read the wrong one of the two."""
    names = (name for separator in "&;" for name, _ in parse_qsl(query, keep_blank_values=True, separator=separator))
    return any(name.lower() in OWN_PARAMETERS for name in names)


def _without_port(uri: str) -> tuple[str, str] | None:
    """Return a loopback URI without its port; None for any other URI."""
    found = _LOOPBACK.fullmatch(uri)
    return None if found is None else (found[1], found[2])
