"""The parameters of an authorization request in an address, in a form, or in the ``next`` of another address."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Request

from doorward.api.bodies import FORM, body_of, check_content_type
from doorward.api.oauth.device_authorization import PAGE as DEVICE_PAGE
from doorward.api.oauth.metadata import AUTHORIZE_PATH
from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.domain.oauth.authorization import RequestParameters
from doorward.domain.oauth.authorization_request import ACR_LEVELS
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.web.forms import AdminPage, SignedInPage

MAXIMUM_QUERY_FIELDS: Final = 50
_NEXT: Final = f"{AUTHORIZE_PATH}?"
_OWN: Final = frozenset(
    {*(f"/account/{page}" for page in SignedInPage), *(page.replace("admin-", "/admin/") for page in AdminPage)}
)
_ONE_ROW: Final = re.compile(r"/admin/(?:user|role|client|webhook)\?(?:id|name)=[A-Za-z0-9_.~%-]{1,1024}")
"""An admin page with the id or the name of its row."""


def read_query(query: str, browser: str = "") -> RequestParameters:
    """Return the parameters of a query string; empty ones count as missing (RFC 6749 section 3.1).

    ``browser`` is the value of the cookie ``BROWSER``. Raises ``InvalidAuthorizationError`` if it is not valid text or
    has too many fields.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAXIMUM_QUERY_FIELDS, errors="strict")
    except ValueError as error:
        raise InvalidAuthorizationError from error
    counted = Counter(name for name, _ in pairs)
    values = {name: value for name, value in pairs if value}
    return RequestParameters(values, [name for name, number in counted.items() if number > 1], browser)


def query_of(request: Request) -> str:
    """Return the query string of a request as it was sent."""
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")


async def query_of_form(request: Request) -> str:
    """Return the body of a form as a query string. Raises ``RequestRefusedError`` classes."""
    check_content_type(request, FORM)
    return (await body_of(request)).decode("latin-1")


def with_parameters(address: str, parameters: Mapping[str, str]) -> str:
    """Return an address with additional query parameters."""
    if not parameters:
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"


def checked_next(text: str) -> str:
    """Return the address to continue at after the sign-in, or an empty text.

    Only authorization requests, pages of this service and the device page are allowed, to prevent open redirects.
    """
    if text in _OWN or _ONE_ROW.fullmatch(text):
        return text
    is_known = text == DEVICE_PAGE or text.startswith((_NEXT, f"{DEVICE_PAGE}?"))
    return text if is_known and text.isascii() and text.isprintable() and "\\" not in text else ""


def authorization_parameters_of(next_address: str, browser: str) -> RequestParameters | None:
    """Return the parameters of the authorization request in ``next_address``; None if it is another address.

    Raises ``InvalidAuthorizationError``.
    """
    return read_query(next_address.removeprefix(_NEXT), browser) if next_address.startswith(_NEXT) else None


def login_hint(asked: RequestParameters | None) -> str:
    """Return the user name or address that the application expects to sign in."""
    return "" if asked is None else asked.values.get("login_hint", "")[:MAXIMUM_FIELD_LENGTH]


def needs_second_factor(asked: RequestParameters | None) -> bool:
    """Return whether the application requires two kinds of factors."""
    named = "" if asked is None else asked.values.get("acr_values", "")
    levels = [ACR_LEVELS[name] for name in named.split() if name in ACR_LEVELS]
    return bool(levels) and min(levels) > ACR_LEVELS["1"]
