"""Routes with their policies: the declaration of a call, and the lookup of a request's route."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, field
from inspect import signature
from typing import Any

from fastapi import Request
from fastapi.datastructures import Default
from fastapi.dependencies.models import Dependant
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.convertors import Convertor, StringConvertor, register_url_convertor
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from doorward.api.bodies import BodyReader
from doorward.api.caller import current_any_caller, current_caller, optional_caller
from doorward.api.caller_checks import AccessCheck, CheckedByRoute, guarded
from doorward.api.compression import compressed
from doorward.api.exceptions import RequestRefusedError
from doorward.api.policy import MAXIMUM_UPLOAD_BYTES, UNMATCHED, Access, NeedsScope, OptionalScope, RoutePolicy
from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.domain.auth.scopes import RESOURCE_SCOPES

Refusal = type[DomainError] | type[RequestRefusedError] | DomainError | RequestRefusedError
"""A class of refusals, or an instance if the class alone does not give a correct example."""


class RouteError(Exception):
    """A route is declared incorrectly. Startup fails."""


@frozen
class Call:
    """One call of the API: its address, its function, its policy and its description."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    """The function's name is the operation id, which generated clients use as the name of their functions."""
    policy: RoutePolicy
    _: KW_ONLY
    tag: str = ""
    """The group in the OpenAPI document. A call without one is not listed there."""
    status: int = 200
    is_direct: bool = False
    """Whether the function is called without FastAPI's work for each request, because clients call it very often. It
    takes only the request and returns a response, so ``body`` and ``answer`` must be declared here."""
    is_guarded: bool = False
    """Whether the function checks its caller itself, without a dependency. It must call ``note_checked``: before that,
    only refusals are sent (``guarded``)."""
    body: BodyReader | None = None
    answer: type[BaseModel] | None = None
    """The model of a successful response, if the function's return type does not declare it alone."""
    refusals: Sequence[Refusal] = ()
    """Refusals of the use case. The OpenAPI document adds those of policy, body and parameters."""
    oauth_refusals: Sequence[Refusal] = ()
    """Refusals in the format of RFC 6749 section 5.2, if the policy has another error format."""
    body_example: Mapping[str, Any] = field(default_factory=dict)
    """OpenAPI's ``example`` for a body without a model."""
    extra_responses: Mapping[int | str, dict[str, Any]] = field(default_factory=dict)
    """Additions to the OpenAPI document by status."""


class PolicyRoute(APIRoute):
    """A FastAPI route with its call and policy."""

    def __init__(self, call: Call) -> None:
        """Build the route. No content is described if the function returns None, or a response without a model.

        Raises ``RouteError`` for a policy that the function cannot fulfil.
        """
        if call.policy.limit_of_user is not None and call.policy.body_limit != MAXIMUM_UPLOAD_BYTES:
            raise RouteError(f"{call.path} limits its users, which only uploads do")
        has_no_model = call.answer is None and signature(call.endpoint).return_annotation in (None, Response)
        super().__init__(
            call.path,
            call.endpoint,
            methods=[call.method],
            status_code=call.status,
            operation_id=call.endpoint.__name__,
            tags=[call.tag] if call.tag else None,
            include_in_schema=bool(call.tag),
            response_model=Default(None) if call.answer is None else call.answer,
            response_class=Response if has_no_model else Default(JSONResponse),
        )
        self.path_regex, _, self.param_convertors = compile_path(_with_client_ids(call.path))
        _check_access(call, self.dependant)
        self.call = call
        self.policy = call.policy
        # FastAPI needs this exit stack in the scope, and the request does not pass FastAPI's own middleware.
        self.app = _direct(call) if call.is_direct else AsyncExitStackMiddleware(self.app)
        if call.is_guarded:
            self.app = guarded(self.app)
        if call.policy.is_compressed:
            self.app = compressed(self.app)


def route_of(request: Request) -> PolicyRoute:
    """Return the route of a request."""
    route: PolicyRoute = request.scope["route"]
    return route


class _ClientIdConvertor(StringConvertor):
    """A client id in a path: one segment, or the address of a document, whose slashes belong to the id."""

    regex = "https://.+|[^/]+"


register_url_convertor("client_id", _ClientIdConvertor())


def _with_client_ids(path: str) -> str:
    return path.replace("{client_id}", "{client_id:client_id}")


def _check_access(call: Call, dependant: Dependant) -> None:
    """Raise ``RouteError`` if the function does not fit the access: it takes a missing caller, or checks none."""
    access, takes_user = call.policy.access, _takes(dependant, current_caller)
    if not isinstance(access, NeedsScope) and (takes_user or _takes(dependant, current_any_caller)):
        raise RouteError(f"{call.path} needs no scope, so it has no caller for its CurrentCaller")
    if _takes(dependant, optional_caller) != isinstance(access, OptionalScope):
        raise RouteError(f"{call.path} has an OptionalCaller or an OptionalScope, but not both")
    if isinstance(access, NeedsScope) and access.scope in RESOURCE_SCOPES and takes_user:
        raise RouteError(f"{call.path} is for all that hold {access.scope}, so it takes CurrentAnyCaller")
    is_checked = call.is_guarded or _checks(dependant, type(access))
    if is_checked != isinstance(access, CheckedByRoute):
        raise RouteError(f"{call.path} has an AccessCheck or is guarded, or its access needs one of them, but not both")


def _takes(dependant: Dependant, dependency: Callable[..., Any]) -> bool:
    """Return whether a function takes a dependency, directly or through another one, at any depth."""
    return dependant.call is dependency or any(_takes(each, dependency) for each in dependant.dependencies)


def _checks(dependant: Dependant, access: type[Access]) -> bool:
    """Return whether a function takes a dependency that checks this kind of access, at any depth."""
    own = isinstance(dependant.call, AccessCheck) and dependant.call.access is access
    return own or any(_checks(each, access) for each in dependant.dependencies)


def _direct(call: Call) -> ASGIApp:
    """Return the function as an ASGI application. Raises ``RouteError`` if it has parameters beside the request."""
    if list(signature(call.endpoint).parameters) != ["request"]:
        raise RouteError(f"{call.path} takes more than the request, so it cannot be direct")

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response = await call.endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return answer


@frozen(eq=False)
class Target:
    """The result of a route lookup: a route, 404 without one, or 405 if ``allowed`` lists other methods."""

    route: PolicyRoute | None
    policy: RoutePolicy
    allowed: tuple[str, ...] = ()


@frozen
class _Address:
    """A path with its targets by method."""

    pattern: re.Pattern[str]
    convertors: Mapping[str, Convertor[Any]]
    targets: Mapping[str, Target]
    wrong_method: Target

    def target_for(self, method: str) -> Target:
        return self.targets.get(method, self.wrong_method)


class RouteTable:
    """Finds the route of a request by one lookup. Routes for GET also answer HEAD (RFC 9110 section 9.3.2)."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        """Index all routes of the application. Raises ``RouteError`` for one without a policy or declared twice."""
        by_path: dict[str, list[PolicyRoute]] = {}
        for route in routes:
            if not isinstance(route, PolicyRoute):
                raise RouteError(f"{route!r} has no policy: declare it as a Call")
            by_path.setdefault(route.path, []).append(route)
        addresses = {path: _address(sharing) for path, sharing in by_path.items()}
        self._exact = {path: address for path, address in addresses.items() if not address.convertors}
        self._patterns = [address for address in addresses.values() if address.convertors]
        self._none = Target(None, UNMATCHED)

    def targets(self) -> Iterator[Target]:
        """Yield every target."""
        for address in (*self._exact.values(), *self._patterns):
            yield from dict.fromkeys(address.targets.values())
            yield address.wrong_method
        yield self._none

    def find(self, scope: Scope) -> Target:
        """Return the target of a request, and store the path parameters in its scope."""
        path: str = scope["path"]
        address = self._exact.get(path)
        if address is not None:
            return address.target_for(scope["method"])
        wrong_method = self._none
        for address in self._patterns:
            if match := address.pattern.fullmatch(path):
                target = address.target_for(scope["method"])
                if target is address.wrong_method:
                    # A client id with slashes also matches a longer path: a later pattern may have this method.
                    wrong_method = target if wrong_method is self._none else wrong_method
                    continue
                convertors = address.convertors
                try:
                    scope["path_params"] = {
                        name: convertors[name].convert(text) for name, text in match.groupdict().items()
                    }
                except ValueError:
                    # Python refuses to convert a number of thousands of digits.
                    return self._none
                return target
        return wrong_method


class PrefixedRouteTable(RouteTable):
    """A table of routes below a prefix, which a proxy may remove or pass on."""

    def __init__(self, routes: Iterable[BaseRoute], prefix: str) -> None:
        """Index the routes. Raises ``RouteError``."""
        super().__init__(routes)
        self._prefix = prefix

    def find(self, scope: Scope) -> Target:
        """Return the target of a request, and store ``root_path`` and the public ``path`` in its scope."""
        target = super().find(scope)
        path: str = scope["path"]
        below = path.removeprefix(self._prefix)
        if target is self._none and below != path:
            # Second attempt, not first: behind a proxy that removes the prefix /api, paths still begin with our /api.
            scope["path"] = path = below or "/"
            target = super().find(scope)
        scope["root_path"], scope["path"] = self._prefix, f"{self._prefix}{path}"
        return target


def _address(routes: Sequence[PolicyRoute]) -> _Address:
    """Join the routes of one path.

    A wrong method is refused in the error format of the path's routes, with the default body limit.
    """
    first = routes[0]
    targets = {}
    for route in routes:
        target = Target(route, route.policy)
        method = route.call.method
        if method in targets:
            raise RouteError(f"{method} {route.path} is declared twice")
        targets[method] = target
        if method == "GET":
            targets["HEAD"] = target
    wrong_method = RoutePolicy(
        UNMATCHED.access,
        first.policy.cache,
        first.policy.errors,
        is_probe=first.policy.is_probe,
        origins=first.policy.origins,
    )
    return _Address(
        first.path_regex, first.param_convertors, targets, Target(first, wrong_method, tuple(sorted(targets)))
    )
