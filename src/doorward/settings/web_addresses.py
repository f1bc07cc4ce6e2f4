"""Validate origins, host names and other web addresses in settings, in the exact form that browsers send."""

import re
from ipaddress import ip_address
from string import ascii_letters, digits
from typing import Final
from urllib.parse import urlsplit

ANY_ORIGIN: Final = "*"
HIGHEST_PORT: Final = 65535
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = rf"{_LABEL}(?:\.{_LABEL})*"
_ADDRESS: Final = r"\[[0-9a-f:.]+\]"
_SCHEME: Final = r"[a-z][a-z0-9+.-]*"
_ORIGIN: Final = re.compile(rf"(?P<scheme>{_SCHEME})://(?:{_NAME}|{_ADDRESS})(?::(?P<port>[1-9][0-9]{{0,4}}))?")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_CONTACT: Final = re.compile(r"mailto:[^@]+@[^@]+|https://.+")
_URI_CHARACTERS: Final = frozenset(ascii_letters + digits + "-._~:/?#[]@!$&'()*+,;=%")
"""The characters of URIs (RFC 3986 section 2)."""
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,62}){1,8}")
"""Path segments that every proxy forwards unchanged: not empty, and not beginning with a dot."""
_HOST: Final = re.compile(rf"(?:\*\.)?{_NAME}|{_ADDRESS}")


def check_origin(text: str) -> str:
    """Return the origin (RFC 6454 section 6.2) of a page, an app (``capacitor://localhost``) or an extension.

    Raises ``ValueError`` for a text that is not in the form that browsers send.
    """
    match = _ORIGIN.fullmatch(text)
    if match is None or int(match["port"] or 1) > HIGHEST_PORT:
        raise ValueError("must be a scheme, :// and a host in lower case, without path or slash at the end")
    if match["port"] and match["port"] == _DEFAULT_PORTS.get(match["scheme"]):
        raise ValueError("must not name its scheme's own port, which browsers leave out")
    return text


def check_web_address(text: str) -> str:
    """Return an origin whose scheme is http or https. Raises ``ValueError``."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return check_origin(text)


def check_public_address(text: str) -> str:
    """Return a web address, with the path below which the service is reached, if any. Raises ``ValueError``."""
    address, path = split_public_address(text)
    check_web_address(address)
    if path and not _PATH.fullmatch(path):
        raise ValueError("must end without a slash, and have a path of letters, digits, - . _ ~ or none")
    return text


def split_public_address(text: str) -> tuple[str, str]:
    """Return the origin of an address, and its path."""
    scheme, separator, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host}", f"{slash}{path}"


def is_ip_address(host: str) -> bool:
    """Return whether a host is an IP address and not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Return whether a validated web address refers to this machine."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_contact(text: str) -> str:
    """Return a ``mailto:`` or ``https:`` URI. Raises ``ValueError`` for any other text."""
    if not (_CONTACT.fullmatch(text) and _URI_CHARACTERS.issuperset(text)):
        raise ValueError("must be mailto: with an e-mail address, or begin with https://")
    return text


def check_header_names(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return names of headers (RFC 9110 section 5.6.2). Raises ``ValueError``, also for the wildcard ``*``."""
    for text in texts:
        if text == "*" or not _HEADER_NAME.fullmatch(text):
            raise ValueError("must be names of headers, separated by commas; * is none")
    return texts


def check_origins(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the origins, or ``*`` alone. Raises ``ValueError``."""
    if texts == (ANY_ORIGIN,):
        return texts
    if ANY_ORIGIN in texts:
        raise ValueError("must not name origins beside *, which is all of them")
    return tuple(check_origin(text) for text in texts)


def check_hosts(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return host names; a leading ``*.`` stands for all subdomains. Raises ``ValueError``."""
    for text in texts:
        if not _HOST.fullmatch(text):
            raise ValueError(
                "must be names in lower case, without scheme or port, or with *. in front for all below; "
                "leave it empty to answer to any name"
            )
    return texts


def is_served_as(host: str, allowed: tuple[str, ...]) -> bool:
    """Return whether the host, in lower case and without port, is allowed."""
    return any(host == each or (each.startswith("*.") and host.endswith(each[1:])) for each in allowed)
