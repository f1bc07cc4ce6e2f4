"""Errors of self-registered and described clients, and of initial access tokens. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class InvalidClientMetadataError(DomainError):
    """The metadata of the client are invalid (RFC 7591 section 3.2.2)."""

    kind = Kind.INVALID
    code = "invalid_client_metadata"
    detail = (
        "A client has the response type code and the grant type authorization_code, and may have refresh_token. It "
        "authenticates with a secret or not at all; a client with a metadata document has no secret. Texts and lists "
        "have the types and lengths of RFC 7591."
    )
    oauth_error = "invalid_client_metadata"


class ClientDocumentError(DomainError):
    """The document that describes a client cannot be fetched or is invalid. The browser is not redirected."""

    kind = Kind.INVALID
    code = "invalid_client_document"
    detail = (
        "The application that sent you here could not be recognised by the description that it publishes. Try again "
        "later; if that does not help, only its developer can correct it."
    )


class SelfRegisteredClientError(DomainError):
    """An operator's change to a client that registered or describes itself, which could not last or is not allowed."""

    kind = Kind.CONFLICT
    code = "client_registered_itself"
    detail = (
        "The document of a client says all about it: it can only be disabled, enabled and removed. No client that "
        "registered itself is the operator's own."
    )


class SelfRegistrationFullError(DomainError):
    """The maximum number of clients that register themselves is reached. The browser is not redirected."""

    kind = Kind.CONFLICT
    code = "self_registration_full"
    detail = "This service takes no more applications that register themselves. Its operator can make room."


class InvalidRegistrationTokenError(DomainError):
    """The token is missing, forged, unknown, expired, used up, another client's, or of a disabled client.

    The response does not tell which.
    """

    kind = Kind.UNAUTHENTICATED
    code = "invalid_registration_token"
    detail = "The token allows no registration, or is not the client's."
    oauth_error = "invalid_token"


class InvalidInitialTokenError(DomainError):
    kind = Kind.INVALID
    code = "invalid_initial_token"
    detail = "A token registers 1 to 1000 clients, within 1 to 365 days."


class RegistrationTokenNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "registration_token_not_found"
    detail = "There is no such token."


class TooManyRegistrationTokensError(DomainError):
    kind = Kind.CONFLICT
    code = "too_many_registration_tokens"
    detail = "There are 100 tokens, which is the limit. Remove one first."
