"""Rules for the addresses of issuers: https, or http on this machine, without credentials or fragments."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

SCHEMES: Final = frozenset({"http", "https"})


def check_address(address: str, *, allow_http: bool = False) -> None:
    """Raise ``ValueError`` unless the address is https, or http on this machine (on any with ``allow_http``)."""
    parts = _split(address)
    if parts.scheme == "http" and not (allow_http or is_loopback(address)):
        raise ValueError("The address must begin with https:// (http:// is for this machine only).")


def is_loopback(address: str) -> bool:
    """Return whether an address is on this machine."""
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(address: str) -> SplitResult:
    parts = urlsplit(address)
    # urlsplit silently removes some characters, so it would check another address than the one that is used.
    if not address.isascii() or not address.isprintable() or " " in address or "\\" in address:
        raise ValueError("The address has invalid characters.")
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError("The address must begin with https:// and a host.")
    if "@" in parts.netloc or "#" in address:
        raise ValueError("The address must have neither credentials nor a fragment.")
    if parts.port == 0:
        raise ValueError("The address has an invalid port.")
    return parts
