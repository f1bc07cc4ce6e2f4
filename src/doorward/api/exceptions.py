"""Refusals of the HTTP layer, raised before a use case is called."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from doorward.api.schemas.problem import FieldError


class RequestRefusedError(Exception):
    """A refused request, with a stable error code as ``DomainError`` has."""

    status: ClassVar[int]
    code: ClassVar[str]
    explanation: ClassVar[str]
    oauth_error: ClassVar[str] = "invalid_request"
    answer_headers: ClassVar[dict[str, str]] = {}

    def __init__(
        self,
        retry_after_seconds: int | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(self.explanation)
        retry_after = {} if retry_after_seconds is None else {"Retry-After": str(retry_after_seconds)}
        self.headers = {**self.answer_headers, **retry_after, **(headers or {})}
        self.errors = errors


class NotFoundError(RequestRefusedError):
    status = 404
    code = "not_found"
    explanation = "There is nothing at this address. The description of the API lists the calls."


class MethodNotAllowedError(RequestRefusedError):
    status = 405
    code = "method_not_allowed"
    explanation = "This address does not take the method. The Allow header lists those it takes."


class InvalidRequestError(RequestRefusedError):
    status = 422
    code = "invalid_request"
    explanation = "The request does not fit the call. Correct the parts that errors lists."


class ForeignFormError(RequestRefusedError):
    """A form of our pages that was sent by a page of another site (CSRF, CWE-352)."""

    status = 403
    code = "foreign_form"
    explanation = "A page of another site has sent this form. Open the page of this service, and fill it in there."


class InternalError(RequestRefusedError):
    status = 500
    code = "internal_error"
    explanation = "Something broke on our side. Report the correlation_id to the operator."
    oauth_error = "temporarily_unavailable"


class InsufficientScopeError(RequestRefusedError):
    """The access token is valid but lacks the scope for this call (RFC 6750 section 3.1)."""

    status = 403
    code = "insufficient_scope"
    explanation = "The access token does not allow this call. Get one with the scope that WWW-Authenticate names."
    oauth_error = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        challenge = f'Bearer realm="doorward", error="insufficient_scope", scope="{scope}"'
        super().__init__(headers={"WWW-Authenticate": challenge})


class BodyTooLargeError(RequestRefusedError):
    status = 413
    code = "body_too_large"
    explanation = "The body is larger than the call takes: 64 KiB, an import 32 MiB. Send less at a time."
    answer_headers: ClassVar[dict[str, str]] = {"Connection": "close"}
    """Otherwise the server would read the rest of the body without limit."""


class UrlTooLongError(RequestRefusedError):
    """The URL exceeds the length limit (RFC 9110 section 15.5.15)."""

    status = 414
    code = "url_too_long"
    explanation = "The URL is longer than 8 KiB. Send long values in the body."


class _TooManyError(RequestRefusedError):
    status = 429
    oauth_error = "temporarily_unavailable"


class RateLimitExceededError(_TooManyError):
    code = "rate_limit_exceeded"
    explanation = "Too many calls from this address. Try again after the time in Retry-After."


class TooManyCallsOfAddressError(_TooManyError):
    code = "too_many_calls_of_address"
    explanation = "Too many calls from this address are being answered. Wait for their answers, then try again."


class TooManyCallsOfUserError(_TooManyError):
    code = "too_many_calls_of_user"
    explanation = "Too many of your calls are being answered. Wait for their answers, then try again."


class ImportUnderWayError(_TooManyError):
    code = "import_under_way"
    explanation = "Another import of yours is under way. Wait for its answer, then try again."


class TooManyImportsError(_TooManyError):
    code = "too_many_imports"
    explanation = "You have imported too many files. Try again after the time in Retry-After."


class UploadTooSlowError(RequestRefusedError):
    """A large body arrives too slowly and blocks a place that other uploads wait for."""

    status = 408
    code = "upload_too_slow"
    explanation = "The body arrives too slowly. Send at least 16 KiB a second, and all of it within a minute."
    answer_headers: ClassVar[dict[str, str]] = {"Connection": "close"}
    """RFC 9110 section 15.5.9."""


class UnsupportedMediaTypeError(RequestRefusedError):
    status = 415
    code = "unsupported_media_type"
    explanation = "The call does not take this Content-Type. Send application/json; a form to /token; CSV to /import."


class MalformedBodyError(RequestRefusedError):
    """The body is not JSON, is not UTF-8, is nested too deeply, or has numbers that are too long."""

    status = 422
    code = "malformed_body"
    explanation = "The body cannot be read. Send well-formed UTF-8 of the announced Content-Type."


class AccessTokenNotRevocableError(RequestRefusedError):
    """Access tokens end with their session and cannot be revoked separately (RFC 7009 section 2.2.1)."""

    status = 422
    code = "access_token_not_revocable"
    explanation = "This is an access token. Send the refresh token that came with it: that ends both."
    oauth_error = "unsupported_token_type"


class MalformedFormError(RequestRefusedError):
    """The form repeats a parameter (RFC 6749 section 3.2) or has too many."""

    status = 422
    code = "malformed_form"
    explanation = "The form has too many fields, or one of them twice. Send each parameter once."

    def __init__(self, repeated: Collection[str] = ()) -> None:
        """Set the names of the repeated parameters."""
        super().__init__()
        self.repeated = frozenset(repeated)


class CredentialsInQueryError(RequestRefusedError):
    """Parameters of a form are in the query string, which ends up in logs."""

    status = 422
    code = "credentials_in_query"
    explanation = "Parameters do not belong in the query string. Send them in the body, and change a password sent so."


class UnsupportedGrantTypeError(RequestRefusedError):
    """The first-party token endpoint does not support the grant type (RFC 6749 section 5.2)."""

    status = 422
    code = "unsupported_grant_type"
    explanation = "The grant types here are password, the default, and refresh_token. Send one of them."
    oauth_error = "unsupported_grant_type"


class UnknownGrantError(RequestRefusedError):
    """The token endpoint of OAuth clients does not support the grant type (RFC 6749 section 5.2)."""

    status = 422
    code = "unknown_grant"
    explanation = (
        "The grant types here are authorization_code, client_credentials, refresh_token and "
        "urn:ietf:params:oauth:grant-type:device_code. Send one of them."
    )
    oauth_error = "unsupported_grant_type"


class InvalidScopeError(RequestRefusedError):
    """The first-party token endpoint does not grant the scope (RFC 6749 section 5.2)."""

    status = 422
    code = "invalid_scope"
    explanation = "The only scope here is account. Leave scope out or send account."
    oauth_error = "invalid_scope"


class UnknownHostError(RequestRefusedError):
    status = 400
    code = "unknown_host"
    explanation = "The service is not called by the name in the Host header. Call it by a name of its own."


class CrossOriginRefusedError(RequestRefusedError):
    status = 400
    code = "cross_origin_refused"
    explanation = "The CORS settings do not allow this call from a page. Correct the parts that errors lists."
