"""Errors of the operator's clients, of resources, and of the endpoints. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class InvalidClientError(DomainError):
    """The client is missing, unknown or disabled, its secret wrong or expired, or the method not the registered one."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_client"
    detail = "The client could not be authenticated."
    oauth_error = "invalid_client"


class SeveralAuthenticationsError(DomainError):
    """RFC 6749 section 2.3: no more than one authentication method in a request."""

    kind = Kind.INVALID
    code = "several_client_authentications"
    detail = "The client must authenticate in one way, once."
    oauth_error = "invalid_request"


class ClientNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "client_not_found"
    detail = "There is no such client."


class StaleClientError(DomainError):
    kind = Kind.STALE
    code = "stale_client"
    detail = "The client was changed since you read it."


class BuiltInClientError(DomainError):
    kind = Kind.CONFLICT
    code = "client_built_in"
    detail = "Of the built-in client only scopes and resources can be changed."


class TooManyClientsError(DomainError):
    kind = Kind.CONFLICT
    code = "too_many_clients"
    detail = "There are 250 clients, which is the limit. Remove one first."


class ClientWithoutSecretError(DomainError):
    kind = Kind.CONFLICT
    code = "client_without_secret"
    detail = "The client has no secret, and gets none. Add another client."


class InvalidClientNameError(DomainError):
    kind = Kind.INVALID
    code = "invalid_client_name"
    detail = "A client's name is one line of 1 to 100 characters."


class InvalidAuthMethodError(DomainError):
    kind = Kind.INVALID
    code = "invalid_auth_method"
    detail = "A client with a secret or a key keeps one, and a client without gets none."


class InvalidGrantTypesError(DomainError):
    kind = Kind.INVALID
    code = "invalid_grant_types"
    detail = (
        "The grant types are authorization_code, urn:ietf:params:oauth:grant-type:device_code, refresh_token, and for "
        "a client with a secret client_credentials."
    )


class InvalidClientScopesError(DomainError):
    kind = Kind.INVALID
    code = "invalid_client_scopes"
    detail = (
        "At most 50 scopes of 1 to 100 visible characters of ASCII, without quotes and backslashes. No scopes of "
        "administration. The scope account only for first-party clients. The scope openid only with a grant type for "
        "users."
    )


class InvalidClientSecretError(DomainError):
    kind = Kind.INVALID
    code = "invalid_client_secret"
    detail = "A secret has 32 to 256 characters: letters, digits, hyphen, full stop, underscore, tilde."


class ClientSecretInUseError(DomainError):
    kind = Kind.CONFLICT
    code = "client_secret_in_use"
    detail = "This is already a secret of the client. Choose another."


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


class UnknownResourceError(DomainError):
    kind = Kind.INVALID
    code = "unknown_resource"
    detail = "There are no such resources, or they are more than 20."


class ResourceNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "resource_not_found"
    detail = "There is no such resource."


class ResourceExistsError(DomainError):
    kind = Kind.CONFLICT
    code = "resource_exists"
    detail = "There is a resource of this identifier."


class BuiltInResourceError(DomainError):
    kind = Kind.CONFLICT
    code = "resource_built_in"
    detail = (
        "The issuer and the audience of the service's own tokens are resources by themselves. Of these only the"
        " introspection client can be named, and taken away again."
    )


class TooManyResourcesError(DomainError):
    kind = Kind.CONFLICT
    code = "too_many_resources"
    detail = "There are 200 resources, which is the limit. Remove one first."


class InvalidResourceError(DomainError):
    kind = Kind.INVALID
    code = "invalid_resource"
    detail = (
        "The identifier must be an absolute URI of at most 255 characters, with neither fragment nor credentials; "
        "http and https need a host."
    )


class InvalidResourceScopesError(DomainError):
    kind = Kind.INVALID
    code = "invalid_resource_scopes"
    detail = (
        "At most 50 scopes of 1 to 100 visible characters of ASCII, without quotes and backslashes. account, openid "
        "and scopes of administration are the service's own."
    )


class UnknownIntrospectionClientError(DomainError):
    kind = Kind.INVALID
    code = "unknown_introspection_client"
    detail = "The introspection client must authenticate, with a secret or a key."


class GrantNotAllowedError(DomainError):
    """RFC 6749 section 5.2: the client is known, and is not registered with this grant."""

    kind = Kind.INVALID
    code = "unauthorized_client"
    detail = "The client is not registered with this grant type."
    oauth_error = "unauthorized_client"


class ScopesNotAllowedError(DomainError):
    """RFC 6749 section 5.2. A token without any scope is of no use, and is refused as well."""

    kind = Kind.INVALID
    code = "scopes_not_allowed"
    detail = "The client does not have all of these scopes for this resource, or has none."
    oauth_error = "invalid_scope"


class ClientTokenNotRevocableError(DomainError):
    """RFC 7009 section 2.2.1."""

    kind = Kind.INVALID
    code = "client_token_not_revocable"
    detail = "A token that a client got for itself belongs to no session. It expires, or its client is disabled."
    oauth_error = "unsupported_token_type"


class InvalidRedirectUriError(DomainError):
    kind = Kind.INVALID
    code = "invalid_redirect_uri"
    oauth_error = "invalid_redirect_uri"
    detail = (
        "At most 20 addresses of at most 512 characters: https, http for 127.0.0.1, [::1] and localhost, or a scheme "
        "of your own with a full stop in it. None has a fragment, credentials, an asterisk, a backslash, dot segments, "
        "or a parameter that the answer has, such as code or state."
    )


class InvalidLogoutUriError(DomainError):
    kind = Kind.INVALID
    code = "invalid_backchannel_logout_uri"
    detail = (
        "The address that is told of ended sessions begins with https, or with http for 127.0.0.1, [::1] and "
        "localhost. For the rest it is as a redirect URI."
    )


class RedirectUriMissingError(DomainError):
    kind = Kind.INVALID
    code = "redirect_uri_missing"
    detail = "A client with the grant type authorization_code needs a redirect URI."


class PkceRequiredError(DomainError):
    kind = Kind.INVALID
    code = "pkce_required"
    detail = "A client without a secret cannot leave PKCE out."


class OperatorOnlyError(DomainError):
    kind = Kind.FORBIDDEN
    code = "operator_only"
    detail = "The redirect URIs of a client of the operator's own are changed by the operator alone."


class InvalidCodeError(DomainError):
    """The code is forged, unknown, expired, used, another client's, or the redirect URI or the verifier is wrong.

    The response does not tell which.
    """

    kind = Kind.INVALID
    code = "invalid_code"
    detail = "The authorization code is not valid, or no longer. Begin the authorization again."
    oauth_error = "invalid_grant"


class InvalidAuthorizationError(DomainError):
    """The client or its redirect URI is not registered. The browser is not redirected."""

    kind = Kind.INVALID
    code = "invalid_authorization_request"
    detail = (
        "The application that sent you here is not known, or did not say where to send you back to. Only its operator "
        "can correct that."
    )
    oauth_error = "invalid_request"


class PushedRequestOverError(DomainError):
    """The request has expired, was used, or was opened by another browser: the response does not tell which."""

    kind = Kind.INVALID
    code = "pushed_request_over"
    detail = "This request to sign in is over. Go back to the application, and begin again."
    oauth_error = "invalid_request"


class ApplicationNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "application_not_found"
    detail = "You have agreed to nothing for such an application, and it has no session."


class InvalidLogoutError(DomainError):
    """The browser is not redirected, and no session ends."""

    kind = Kind.INVALID
    code = "invalid_logout_request"
    detail = "The application that sent you here to sign out did not say who it is, or where to send you back to."
