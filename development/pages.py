"""Parses the service's pages like a browser without scripts: forms, fields and redirects."""

import re
from html import unescape
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import httpx

OWN_SITE: Final = {"Sec-Fetch-Site": "same-origin"}
"""The header field that a browser sends with a form of the service's own pages."""

_FORM: Final = re.compile(r'<form method="post" action="([^"]*)"(?![^>]* hidden>)[^>]*>(.*?)</form>', re.DOTALL)
_FIELD: Final = re.compile(r"<(?:input|button)[^>]*>")
_FORWARD: Final = re.compile(r'<meta http-equiv="refresh" content="0;url=([^"]*)">')


def attribute(tag: str, name: str) -> str:
    """Return an attribute of a tag, or an empty string if it is missing."""
    found = re.search(rf' {name}="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


def forms_of(page: httpx.Response) -> list[tuple[str, dict[str, str]]]:
    """Return the forms of a page: the action URL and the fields of each."""
    return [
        (unescape(action), {attribute(tag, "name"): attribute(tag, "value") for tag in _FIELD.findall(body)})
        for action, body in _FORM.findall(page.text)
    ]


def forwarded(page: httpx.Response) -> str:
    """Return the URL to which a page redirects by a refresh. Raises ``ValueError`` if there is none."""
    found = _FORWARD.search(page.text)
    if found is None:
        raise ValueError(f"{page.status_code}, and no way on: {page.text}")
    return unescape(found[1])


def is_leading_on(page: httpx.Response) -> bool:
    """Return whether a page redirects by a refresh."""
    return _FORWARD.search(page.text) is not None


def answer_of(address: str) -> dict[str, str]:
    """Return the query parameters of the redirect back to the application."""
    return dict(parse_qsl(urlsplit(address).query))
