"""Checks of a route's policy before its function runs: rate limit, caller, no repeated query parameters."""

from collections import Counter
from collections.abc import Mapping
from typing import assert_never
from urllib.parse import parse_qsl

from fastapi import Request

from doorward.api.caller import admit_caller
from doorward.api.edge_services import EdgeServices
from doorward.api.exceptions import ForeignFormError, InvalidRequestError, RateLimitExceededError
from doorward.api.policy import (
    Access,
    InBrowser,
    NeedsClient,
    NeedsRegistrationToken,
    NeedsScope,
    OptionalScope,
    Public,
)
from doorward.api.problems import MAXIMUM_ERRORS, json_pointer
from doorward.api.routing import PolicyRoute
from doorward.api.schemas.problem import FieldError
from doorward.api.services import Services
from doorward.core.ports import LimitedCall
from doorward.observability.events import RateLimitExceeded
from doorward.observability.logging import report
from doorward.observability.request_context import current_client


async def admit(request: Request, route: PolicyRoute, services: Services) -> None:
    """Raise an exception if the route's policy refuses this request. The body is not read."""
    policy = route.policy
    if policy.is_page_form and is_foreign_form(request.headers, services.edge.public_origin):
        raise ForeignFormError
    if policy.limit_of_address is not None and policy.limit_of_refresh is None:
        await count_call(policy.limit_of_address, route, services.edge)
    await _admit(request, policy.access, services)
    if request.scope["query_string"] and not policy.checks_repetition_itself:
        refuse_repeated_parameters(request.scope["query_string"])


async def _admit(request: Request, access: Access, services: Services) -> None:
    match access:
        case Public():
            pass
        case NeedsScope():
            await admit_caller(request, access, services)
        case OptionalScope():
            if "authorization" in request.headers:
                await admit_caller(request, NeedsScope(access.scope), services)
        case InBrowser() | NeedsClient() | NeedsRegistrationToken():
            # The route checks a cookie, a form or a token, and refuses with a page or an OAuth error. If it has no such
            # check, the start fails, or only refusals are sent: see ``caller_checks``.
            pass
        case unknown:
            # A kind of access that is not handled here must refuse, not pass.
            assert_never(unknown)


async def count_call(limit: LimitedCall, route: PolicyRoute, edge: EdgeServices, *, caller: str | None = None) -> None:
    """Count a call against the limit of the given caller, or else of the client address.

    Raises ``RateLimitExceededError``.
    """
    if caller is None:
        caller = current_client()
        if edge.addresses is not None:
            edge.addresses.count(limit, caller)
    seconds = await edge.limiter.count(limit, caller)
    if seconds:
        report(RateLimitExceeded(route=route.path))
        raise RateLimitExceededError(seconds)


def is_foreign_form(headers: Mapping[str, str], public_origin: str | None) -> bool:
    """Return whether a page of another origin sent the form (Fetch Metadata, RFC 6454). Pure.

    The origin ``null`` is accepted, because some of our own pages set ``Referrer-Policy: no-referrer``, and browsers
    then send ``Origin: null``. Only browsers from before 2023 send no ``Sec-Fetch-Site``.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    return public_origin is not None and headers.get("origin", "null") not in {"null", public_origin}


def refuse_repeated_parameters(query_string: bytes) -> None:
    """Raise ``InvalidRequestError`` with the names of the query parameters that occur more than once."""
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    counted = Counter(name for name, _ in pairs)
    repeated = [name for name, number in counted.items() if number > 1][:MAXIMUM_ERRORS]
    if repeated:
        raise InvalidRequestError(
            errors=[
                FieldError(pointer=json_pointer("query", name), code="repeated", detail="Send the parameter once")
                for name in repeated
            ]
        )
