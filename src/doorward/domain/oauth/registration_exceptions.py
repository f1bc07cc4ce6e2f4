"""Every way in which clients that register or describe themselves are refused. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class InvalidClientMetadataError(DomainError):
    """RFC 7591 section 3.2.2."""

    kind = Kind.INVALID
    code = "invalid_client_metadata"
    detail = (
        "A client that describes itself has no secret, response type code and grant type authorization_code; it may "
        "have refresh_token. Texts and lists have the types and lengths of RFC 7591."
    )
    oauth_error = "invalid_client_metadata"


class ClientDocumentError(DomainError):
    """The document that an application is described by cannot be fetched, or says what it must not: no redirect."""

    kind = Kind.INVALID
    code = "invalid_client_document"
    detail = (
        "The application that sent you here could not be recognised by the description that it publishes. Try again "
        "later; if that does not help, only its developer can correct it."
    )


class SelfRegistrationFullError(DomainError):
    """As many clients have registered themselves as may: no redirect."""

    kind = Kind.CONFLICT
    code = "self_registration_full"
    detail = "This service takes no more applications that register themselves. Its operator can make room."


class InvalidRegistrationTokenError(DomainError):
    """Missing, forged, unknown, expired, used up, another client's, or of a disabled client: not told which."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_registration_token"
    detail = "The token allows no registration, or is not the client's."
    oauth_error = "invalid_token"


class ClientKeysMissingError(DomainError):
    kind = Kind.INVALID
    code = "client_keys_missing"
    detail = "A client with private_key_jwt has a JWK set or the address of one, and no other client has."


class InvalidClientKeysError(DomainError):
    kind = Kind.INVALID
    code = "invalid_client_keys"
    detail = (
        "The keys must be a JWK set of at most 16 KiB with public ones for ES256 (P-256) or RS256 (2048 bits at "
        "least), and no others; or an https address of at most 512 characters."
    )


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
