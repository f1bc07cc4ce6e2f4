"""How callers are refused: status, problem (RFC 9457) and challenge (RFC 6750, RFC 9470, RFC 9728). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from doorward_client.exceptions import (
    DoorwardClientError,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    UnavailableError,
)

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Challenges:
    """What challenges say beside the refusal: where the service is described, and the scopes that it asks for."""

    resource_metadata: str | None = None
    scopes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """An answer to a caller who does not get in."""

    status: HTTPStatus
    code: str
    detail: str
    headers: Mapping[str, str]

    def problem(self) -> dict[str, object]:
        """Return the body."""
        return {
            "type": f"urn:doorward:problem:{self.code}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
        }


def refused_without_token(challenges: Challenges) -> RefusedCall:
    """Return the answer to a caller without a token. RFC 6750 section 3.1: it has no error code."""
    scope = {"scope": " ".join(challenges.scopes)} if challenges.resource_metadata and challenges.scopes else {}
    return _refused(challenges, HTTPStatus.UNAUTHORIZED, "missing_access_token", "No access token was sent.", **scope)


def refused_call(error: DoorwardClientError, challenges: Challenges) -> RefusedCall:
    """Return the answer to a caller whose token was not accepted. It does not say which check failed."""
    if isinstance(error, InsufficientScopeError):
        return _refused(
            challenges,
            HTTPStatus.FORBIDDEN,
            "insufficient_scope",
            "The access token does not allow this call. Get one with the scope that WWW-Authenticate names.",
            error="insufficient_scope",
            scope=" ".join(error.scopes),
        )
    if isinstance(error, InsufficientAuthenticationError):
        return _refused(
            challenges,
            HTTPStatus.UNAUTHORIZED,
            "reauthentication_required",
            "This call needs a stronger or more recent sign-in. WWW-Authenticate says which.",
            error="insufficient_user_authentication",
            acr_values=error.acr,
            **({} if error.max_age is None else {"max_age": str(error.max_age)}),
        )
    if isinstance(error, UnavailableError):
        detail = "Access tokens cannot be checked at the moment. Try again later."
        headers = {"Retry-After": str(error.retry_after_seconds)}
        return RefusedCall(HTTPStatus.SERVICE_UNAVAILABLE, "authentication_unavailable", detail, headers)
    return _refused(
        challenges,
        HTTPStatus.UNAUTHORIZED,
        "invalid_access_token",
        "The access token is not valid, or no longer. Refresh it or log in again.",
        error="invalid_token",
    )


def _refused(challenges: Challenges, status: HTTPStatus, code: str, detail: str, **challenge: str) -> RefusedCall:
    described = {"error": challenge["error"], "error_description": detail} if "error" in challenge else {}
    parameters = {"realm": "doorward", **described, **challenge}
    if challenges.resource_metadata is not None:
        parameters["resource_metadata"] = challenges.resource_metadata
    challenged = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    return RefusedCall(status, code, detail, {"WWW-Authenticate": f"Bearer {challenged}"})
