"""The responses of refused calls: status, problem (RFC 9457) and challenge (RFC 6750, 9449, 9470, 9728). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from doorward_client.credentials import Credentials
from doorward_client.exceptions import (
    BoundTokenError,
    DoorwardClientError,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    InvalidProofError,
    UnavailableError,
)
from doorward_client.proofs import PROOF_ALGORITHMS

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Challenges:
    """The parameters of all challenges: the URL of the service's metadata, and the scopes that it requires.

    ``by_proof``: the challenge has the scheme DPoP, not Bearer (RFC 9449 section 7.1).
    """

    resource_metadata: str | None = None
    scopes: Sequence[str] = ()
    by_proof: bool = False

    def for_credentials(self, credentials: Credentials) -> "Challenges":
        """Return the challenges for a call with these credentials, in the scheme that it used."""
        return self if credentials.proof is None else replace(self, by_proof=True)


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """The response to a refused call."""

    status: HTTPStatus
    code: str
    detail: str
    headers: Mapping[str, str]

    def problem(self) -> dict[str, object]:
        """Return the problem document of the body."""
        return {
            "type": f"urn:doorward:problem:{self.code}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
        }


def refused_without_token(challenges: Challenges) -> RefusedCall:
    """Return the response to a call without a token. It has no error code (RFC 6750 section 3.1)."""
    scope = {"scope": " ".join(challenges.scopes)} if challenges.resource_metadata and challenges.scopes else {}
    return _refused(challenges, HTTPStatus.UNAUTHORIZED, "missing_access_token", "No access token was sent.", **scope)


def refused_call(error: DoorwardClientError, challenges: Challenges) -> RefusedCall:
    """Return the response to a call whose token or proof was not accepted. It does not say which check failed."""
    if isinstance(error, InvalidProofError | BoundTokenError):
        return _refused_without_key(error, replace(challenges, by_proof=True))
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


def _refused_without_key(error: InvalidProofError | BoundTokenError, challenges: Challenges) -> RefusedCall:
    if isinstance(error, BoundTokenError):
        code, name = "bound_access_token", "invalid_token"
        detail = (
            "The access token is bound to a key. Send it with the scheme DPoP, and a proof of the key for this call."
        )
    else:
        code = name = "invalid_dpop_proof"
        detail = (
            "The DPoP proof is not valid for this call. Send one new proof, for its method and address, with each call."
        )
    return _refused(challenges, HTTPStatus.UNAUTHORIZED, code, detail, error=name)


def _refused(challenges: Challenges, status: HTTPStatus, code: str, detail: str, **challenge: str) -> RefusedCall:
    described = {"error": challenge["error"], "error_description": detail} if "error" in challenge else {}
    parameters = {"realm": "doorward", **described, **challenge}
    if challenges.by_proof:
        parameters["algs"] = " ".join(PROOF_ALGORITHMS)
    if challenges.resource_metadata is not None:
        parameters["resource_metadata"] = challenges.resource_metadata
    challenged = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    scheme = "DPoP" if challenges.by_proof else "Bearer"
    return RefusedCall(status, code, detail, {"WWW-Authenticate": f"{scheme} {challenged}"})
