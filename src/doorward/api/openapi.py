"""The OpenAPI document: FastAPI's description of the functions, plus policies, bodies and refusals."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi

from doorward import __version__
from doorward.api.bodies import JSON, SCHEMAS, BodyReader
from doorward.api.exceptions import (
    BodyTooLargeError,
    InsufficientScopeError,
    InvalidRequestError,
    MalformedBodyError,
    RateLimitExceededError,
    TooManyCallsOfAddressError,
    TooManyCallsOfUserError,
    TooManyImportsError,
    UnsupportedMediaTypeError,
    UrlTooLongError,
)
from doorward.api.policy import ErrorFormat, NeedsFreshProof, NeedsScope
from doorward.api.problems import MEDIA_TYPE, HttpHints, problem_of, title_of
from doorward.api.routing import PolicyRoute, Refusal
from doorward.api.schemas.problem import FieldError, OAuthError, Problem
from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.auth.exceptions import (
    InvalidAccessTokenError,
    MissingAccessTokenError,
    ReauthenticationRequiredError,
)
from doorward.domain.auth.factors.exceptions import SecondFactorNeededError
from doorward.domain.auth.models import ACCOUNT_SCOPE
from doorward.domain.auth.scopes import ADMIN_SCOPES, RESOURCE_SCOPES, ResourceScope
from doorward.domain.auth.tokens.key_proof_exceptions import BoundAccessTokenError, InvalidKeyProofError

TOKEN_URL: Final = "/api/v1/auth/token"  # noqa: S105 - an address
CLIENTS_TOKEN_URL: Final = "/oauth/token"  # noqa: S105 - as above; there only where the OpenID provider is on
_CORRELATION_ID: Final = "f3a1"
_UNUSED_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")
"""Schemas that FastAPI adds, of responses that the service never sends."""

_SCHEME: Final = "password"
_CLIENTS_SCHEME: Final = "client_credentials"
_RESOURCE_SCOPES: Final = {
    ResourceScope.ITEMS_READ.value: "Read items.",
    ResourceScope.ITEMS_WRITE.value: "Write items.",
}
_DESCRIPTION: Final = """
Accounts, passwords, access tokens, and sessions that end when a refresh token was stolen.

1. `POST /api/v1/auth/register` creates an account.
2. **Authorize** (above) logs in with it.
3. `GET /api/v1/auth/me` returns the current user.
"""


def openapi_document(routes: Iterable[PolicyRoute], http_hints: HttpHints, prefix: str = "") -> dict[str, Any]:
    """Return the OpenAPI document of all routes. Clients reach them below the prefix."""
    routes = list(routes)
    shown = [route for route in routes if route.include_in_schema]
    gives_tokens_to_clients = any(route.path == CLIENTS_TOKEN_URL for route in routes)
    for route in shown:
        _describe(route, http_hints, is_for_clients=gives_tokens_to_clients)
    document = get_openapi(title="doorward", version=__version__, description=_DESCRIPTION, routes=shown)
    for model in (Problem, OAuthError):
        schema = model.model_json_schema(ref_template=f"{SCHEMAS}{{model}}", mode="serialization")
        document["components"]["schemas"] |= {**schema.pop("$defs", {}), model.__name__: schema}
    for operation in (each for operations in document["paths"].values() for each in operations.values()):
        _name_body_schema(operation, document)
        _drop_unused_refusal(operation)
    for name in _UNUSED_SCHEMAS:
        document["components"]["schemas"].pop(name, None)
    document["components"]["securitySchemes"] = _security_schemes(prefix, with_clients=gives_tokens_to_clients)
    if prefix:
        document["servers"] = [{"url": prefix}]
    return document


def _security_schemes(prefix: str, *, with_clients: bool) -> dict[str, Any]:
    """Return the security schemes: the flows that issue tokens, with the scopes of each."""
    password = {"tokenUrl": f"{prefix}{TOKEN_URL}", "scopes": {ACCOUNT_SCOPE: "Act as the user."}}
    schemes = {_SCHEME: _scheme("User name or e-mail address, and password.", "password", password)}
    if with_clients:
        credentials = {"tokenUrl": f"{prefix}{CLIENTS_TOKEN_URL}", "scopes": _RESOURCE_SCOPES}
        schemes[_CLIENTS_SCHEME] = _scheme("Id and secret of a client.", "clientCredentials", credentials)
    return schemes


def _scheme(description: str, name: str, flow: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "oauth2", "description": description, "flows": {name: flow}}


def _describe(route: PolicyRoute, http_hints: HttpHints, *, is_for_clients: bool) -> None:
    """Add to a route's description what FastAPI cannot derive: security, body and refusals."""
    extra: dict[str, Any] = {}
    access = route.policy.access
    if isinstance(access, NeedsScope):
        # A login only requests ``account``, which includes the scopes of resources and of the user's roles.
        extra["security"] = [{_SCHEME: [ACCOUNT_SCOPE]}]
        if is_for_clients and access.scope in RESOURCE_SCOPES:
            extra["security"].append({_CLIENTS_SCHEME: [access.scope]})
        if access.scope in ADMIN_SCOPES:
            route.description = f"{route.description}\n\nNeeds `{access.scope}`, which roles give."
    if (reader := body_reader(route)) is not None:
        content = {media_type: {"schema": schema} for media_type, schema in reader.schemas().items()}
        content[reader.media_type] |= route.call.body_example
        extra["requestBody"] = {"required": True, "content": content}
    route.openapi_extra = extra
    route.responses = {**_refusals(route, http_hints), **route.call.extra_responses}


def body_reader(route: PolicyRoute) -> BodyReader | None:
    """Return the reader of the route's body, or None if it takes no body."""
    if route.call.body is not None:
        return route.call.body
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, BodyReader):
            return dependency.call
    return None


def _refusals(route: PolicyRoute, http_hints: HttpHints) -> dict[int | str, dict[str, Any]]:
    """Return the refusals of a route by status, with its real responses as examples."""
    described: dict[int | str, dict[str, Any]] = {}
    for each, error_format in _possible_with_formats(route):
        response = problem_of(each() if isinstance(each, type) else each, error_format, http_hints)
        assert response is not None  # noqa: S101 - a call names refusals only
        headers = _documented_headers(response.headers)
        status = described.setdefault(
            response.status_code, {"description": title_of(response.status_code), "headers": headers, "content": {}}
        )
        status["headers"] = _join_headers(status["headers"], headers)
        media_type, model, code = (
            (JSON, OAuthError, "error") if error_format is ErrorFormat.OAUTH_ENDPOINT else (MEDIA_TYPE, Problem, "code")
        )
        content = {"schema": {"$ref": f"{SCHEMAS}{model.__name__}"}, "examples": {}}
        body = {**json.loads(bytes(response.body)), "correlation_id": _CORRELATION_ID}
        status["content"].setdefault(media_type, content)["examples"][body[code]] = {"value": body}
    return described


def _documented_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    names = {"www-authenticate": "WWW-Authenticate", "retry-after": "Retry-After"}
    return {names[each]: {"required": True, "schema": {"type": "string"}} for each in headers if each in names}


def _join_headers(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headers of two responses with the same status. Those that both have are required."""
    required = {name for name in one.keys() & other.keys() if one[name]["required"]}
    return {name: {**header, "required": name in required} for name, header in {**one, **other}.items()}


def _possible_with_formats(route: PolicyRoute) -> Iterator[tuple[Refusal, ErrorFormat]]:
    """Yield each possible refusal of the route with its error format."""
    yield from ((each, route.policy.errors) for each in _possible(route))
    yield from ((each, ErrorFormat.OAUTH_ENDPOINT) for each in route.call.oauth_refusals)


def _possible(route: PolicyRoute) -> Iterator[Refusal]:
    """Yield each possible refusal of the route: those of its use case, then of policy, body and parameters."""
    yield from route.call.refusals
    policy = route.policy
    if isinstance(policy.access, NeedsScope):
        yield from _possible_for_access(policy.access)
    if not policy.is_probe:
        yield TooManyCallsOfAddressError(1)
    if policy.limit_of_address is not None:
        yield RateLimitExceededError(30)
    if policy.limit_of_user is not None:
        yield TooManyImportsError(30)
    if not policy.is_probe:
        yield ServiceUnavailableError
    yield from (BodyTooLargeError, UrlTooLongError)
    reader = body_reader(route)
    if reader is not None:
        yield from (UnsupportedMediaTypeError, MalformedBodyError)
    if errors := _example_errors(route, reader):
        yield InvalidRequestError(errors=errors)


def _possible_for_access(access: NeedsScope) -> Iterator[Refusal]:
    yield from (MissingAccessTokenError, InvalidAccessTokenError, BoundAccessTokenError, InvalidKeyProofError)
    if access.scope in ADMIN_SCOPES:
        yield SecondFactorNeededError
    if access.scope in ADMIN_SCOPES or isinstance(access, NeedsFreshProof):
        yield ReauthenticationRequiredError
    yield InsufficientScopeError(access.scope)
    yield TooManyCallsOfUserError(1)


def _example_errors(route: PolicyRoute, reader: BodyReader | None) -> Sequence[FieldError]:
    """Return an example error for a member of the body, or else for a query parameter."""
    members = list(reader.schema().get("properties", {})) if reader is not None else []
    if members:
        return [FieldError(pointer=f"/body/{members[0]}", code="string_type", detail="Input should be a valid string")]
    for parameters in route.dependant.query_params:
        name = next(iter(parameters.field_info.annotation.model_fields), "")  # type: ignore[union-attr] # a model
        return [FieldError(pointer=f"/query/{name}", code="repeated", detail="Send the parameter once")]
    return []


def _name_body_schema(operation: dict[str, Any], document: dict[str, Any]) -> None:
    """Move a body's schema to the document's named schemas, where FastAPI puts the schemas of responses."""
    for content in operation.get("requestBody", {"content": {}})["content"].values():
        schema = content["schema"]
        if name := schema.get("title"):
            document["components"]["schemas"] |= {**schema.pop("$defs", {}), name: schema}
            content["schema"] = {"$ref": f"{SCHEMAS}{name}"}


def _drop_unused_refusal(operation: dict[str, Any]) -> None:
    """Remove the 422 that FastAPI adds for path parameters: an invalid one matches no route, which is 404."""
    if JSON in operation["responses"].get("422", {}).get("content", {}):
        del operation["responses"]["422"]
