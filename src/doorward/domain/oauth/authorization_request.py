"""The authorization request of an application, and its refusals. Pure.

RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2, RFC 7636 (PKCE), RFC 8707 (resources), RFC 9207 (issuer).
"""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.principal import PASSKEY_LEVEL
from doorward.domain.auth.exceptions import InvalidTargetError
from doorward.domain.oauth.exceptions import InvalidAuthorizationError, ScopesNotAllowedError
from doorward.domain.oauth.models import OAuthClient, ResourceContent
from doorward.domain.oauth.policy import AUTHORIZATION_CODE
from doorward.domain.oauth.redirect_uris import is_registered
from doorward.domain.oauth.token_policy import Audiences, grantable_user_scopes

MAXIMUM_TEXT_LENGTH: Final = 2048
"""Maximum length of a parameter in characters."""

PUSHED_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
"""The prefix of the ``request_uri`` of a pushed request (RFC 9126 section 2.2)."""

ACR_LEVELS: Final[Mapping[str, int]] = {"1": 1, "2": 2, PASSKEY_LEVEL: 3}
"""One factor, two factors, and a passkey that verified its user. Each level includes the lower ones."""

_DIGEST: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""A SHA-256 in base64url (RFC 7636 section 4.2, RFC 9449 section 10)."""

_AGE: Final = re.compile(r"[0-9]{1,9}")
_NOT_SUPPORTED: Final = ("request", "request_uri", "registration")

ResponseMode = Literal["query", "form_post"]


class Prompt(StrEnum):
    """The values of ``prompt`` (OpenID Connect Core section 3.1.2.1)."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


class AuthorizationError(StrEnum):
    """The errors of an authorization response (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6)."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    ACCESS_DENIED = "access_denied"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TARGET = "invalid_target"
    LOGIN_REQUIRED = "login_required"
    CONSENT_REQUIRED = "consent_required"
    INTERACTION_REQUIRED = "interaction_required"
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    INVALID_REQUEST_URI = "invalid_request_uri"
    REGISTRATION_NOT_SUPPORTED = "registration_not_supported"


@frozen
class Reply:
    """Where and how the response is sent."""

    redirect_uri: str
    state: str | None
    mode: ResponseMode = "query"


@frozen
class RefusedAuthorization:
    """A refused request, and the error for the application."""

    reply: Reply
    error: AuthorizationError
    description: str


@frozen
class AuthorizationRequest:
    """A valid request of a known application, with a registered redirect URI."""

    client: OAuthClient
    reply: Reply
    scopes: frozenset[str]
    resource: str | None
    nonce: str | None
    code_challenge: str | None
    dpop_jkt: str | None
    """The thumbprint of the key that the code is bound to (RFC 9449 section 10)."""
    prompts: frozenset[Prompt]
    max_age: int | None
    acr_levels: frozenset[int]
    """The accepted levels; empty if all are."""
    login_hint: str | None
    id_token_hint: str | None
    pushed_id: UUID | None = None
    """The id of the pushed request that this one was."""

    def refused(self, error: AuthorizationError, description: str) -> RefusedAuthorization:
        """Return a refusal of this request."""
        return RefusedAuthorization(self.reply, error, description)


class _RequestError(Exception):
    """An error that can be sent to the application."""

    def __init__(self, error: AuthorizationError, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def read_authorization(
    parameters: Mapping[str, str],
    repeated: Collection[str],
    client: OAuthClient | None,
    resource: ResourceContent | None,
    audiences: Audiences,
    *,
    is_pushed: bool = False,
) -> AuthorizationRequest | RefusedAuthorization:
    """Return the request, or the refusal for the application.

    ``client`` and ``resource`` are the stored ones that ``parameters`` name. ``parameters`` are not empty, ``repeated``
    are the names of those that were sent more than once. Raises ``InvalidAuthorizationError`` if the redirect URI might
    not be the application's: the browser must not be redirected then.
    """
    redirect_uri = parameters.get("redirect_uri")
    if client is None or not client.is_enabled or {"client_id", "redirect_uri"} & set(repeated):
        raise InvalidAuthorizationError
    if redirect_uri is None or not is_registered(redirect_uri, client.redirect_uris):
        raise InvalidAuthorizationError
    reply = _reply(parameters, repeated, redirect_uri)
    try:
        _check_shape(parameters, repeated, client, is_pushed=is_pushed)
        scopes = _scopes(parameters.get("scope"), client, parameters.get("resource"), resource, audiences)
        return AuthorizationRequest(
            client=client,
            reply=reply,
            scopes=scopes,
            resource=parameters.get("resource") if parameters.get("resource") != audiences.issuer else None,
            nonce=parameters.get("nonce"),
            code_challenge=_challenge(parameters, client),
            dpop_jkt=_thumbprint(parameters.get("dpop_jkt")),
            prompts=_prompts(parameters.get("prompt", "")),
            max_age=_max_age(parameters.get("max_age")),
            acr_levels=_acr_levels(parameters.get("acr_values", "")),
            login_hint=parameters.get("login_hint"),
            id_token_hint=parameters.get("id_token_hint"),
        )
    except _RequestError as error:
        return RefusedAuthorization(reply, error.error, error.description)


def _reply(parameters: Mapping[str, str], repeated: Collection[str], redirect_uri: str) -> Reply:
    """Return how to respond.

    An invalid ``state`` or ``response_mode``, which is refused later, is replaced by the default.
    """
    state = None if "state" in repeated else parameters.get("state")
    asked = "" if "response_mode" in repeated else parameters.get("response_mode", "")
    mode: ResponseMode = "form_post" if asked == "form_post" else "query"
    return Reply(redirect_uri, state if state is None or len(state) <= MAXIMUM_TEXT_LENGTH else None, mode)


def _check_shape(
    parameters: Mapping[str, str], repeated: Collection[str], client: OAuthClient, *, is_pushed: bool
) -> None:
    """Check that the request is for a code, and that the client may get one. Raises ``_RequestError``."""
    invalid = AuthorizationError.INVALID_REQUEST
    if set(repeated) == {"resource"}:
        raise _RequestError(AuthorizationError.INVALID_TARGET, "A token is for one resource here (RFC 8707).")
    if repeated:
        raise _RequestError(invalid, "A parameter came more than once.")
    if any(len(value) > MAXIMUM_TEXT_LENGTH or "\0" in value for value in parameters.values()):
        raise _RequestError(invalid, "A parameter is too long, or no text.")
    _check_support(parameters, is_pushed=is_pushed)
    if client.requires_pushed_requests and not is_pushed:
        raise _RequestError(invalid, "The client must push its requests first (RFC 9126).")
    _check_response(parameters)
    if AUTHORIZATION_CODE not in client.grant_types:
        raise _RequestError(AuthorizationError.UNAUTHORIZED_CLIENT, "The client has no grant type authorization_code.")


def _check_support(parameters: Mapping[str, str], *, is_pushed: bool) -> None:
    """Refuse requests by reference. A valid pushed request was replaced by its parameters before this check."""
    request_uri = parameters.get("request_uri")
    if request_uri is not None and is_pushed:
        raise _RequestError(AuthorizationError.INVALID_REQUEST, "A pushed request cannot name another.")
    if request_uri is not None and request_uri.startswith(PUSHED_PREFIX):
        raise _RequestError(AuthorizationError.INVALID_REQUEST_URI, "The pushed request has expired, or was used.")
    unsupported = [name for name in _NOT_SUPPORTED if name in parameters]
    if unsupported:
        error = AuthorizationError(f"{unsupported[0]}_not_supported")
        raise _RequestError(error, f"The parameter {unsupported[0]} is not supported.")


def _check_response(parameters: Mapping[str, str]) -> None:
    invalid = AuthorizationError.INVALID_REQUEST
    if "response_type" not in parameters:
        raise _RequestError(invalid, "response_type is missing.")
    if parameters["response_type"] != "code":
        raise _RequestError(AuthorizationError.UNSUPPORTED_RESPONSE_TYPE, "The response type is code.")
    if parameters.get("response_mode", "query") not in {"query", "form_post"}:
        raise _RequestError(invalid, "The response mode is query or form_post.")


def _challenge(parameters: Mapping[str, str], client: OAuthClient) -> str | None:
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None and method is None and not client.requires_pkce:
        return None
    if challenge is None:
        raise _RequestError(AuthorizationError.INVALID_REQUEST, "code_challenge is missing (RFC 7636).")
    if method != "S256" or not _DIGEST.fullmatch(challenge):
        raise _RequestError(AuthorizationError.INVALID_REQUEST, "The code challenge must be one of the method S256.")
    return challenge


def _thumbprint(text: str | None) -> str | None:
    if text is not None and not _DIGEST.fullmatch(text):
        raise _RequestError(
            AuthorizationError.INVALID_REQUEST, "dpop_jkt is the SHA-256 thumbprint of a key (RFC 7638)."
        )
    return text


def _prompts(text: str) -> frozenset[Prompt]:
    names = text.split()
    if not set(names) <= set(Prompt):
        raise _RequestError(AuthorizationError.INVALID_REQUEST, "prompt has a value that is unknown.")
    prompts = frozenset(map(Prompt, names))
    if Prompt.NONE in prompts and len(prompts) > 1:
        raise _RequestError(AuthorizationError.INVALID_REQUEST, "prompt is none, or something else.")
    return prompts


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not _AGE.fullmatch(text):
        raise _RequestError(AuthorizationError.INVALID_REQUEST, "max_age is a number of seconds.")
    return int(text)


def _acr_levels(text: str) -> frozenset[int]:
    """Return the accepted levels. Unknown values are ignored, but refused if there are no others."""
    names = text.split()
    known = frozenset(ACR_LEVELS[name] for name in names if name in ACR_LEVELS)
    if names and not known:
        raise _RequestError(AuthorizationError.UNMET_AUTHENTICATION_REQUIREMENTS, "acr_values names nothing known.")
    return known


def _scopes(
    text: str | None,
    client: OAuthClient,
    identifier: str | None,
    resource: ResourceContent | None,
    audiences: Audiences,
) -> frozenset[str]:
    """Return the requested scopes that the client can have for the resource. Raises ``_RequestError``."""
    try:
        return grantable_user_scopes(client, identifier, resource, text or "", audiences)
    except InvalidTargetError as error:
        raise _RequestError(AuthorizationError.INVALID_TARGET, InvalidTargetError.detail) from error
    except ScopesNotAllowedError as error:
        raise _RequestError(AuthorizationError.INVALID_SCOPE, "The client has none of these scopes.") from error
