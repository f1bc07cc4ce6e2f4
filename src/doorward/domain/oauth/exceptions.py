"""Every way in which clients and resources are refused. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class InvalidClientError(DomainError):
    """No client, an unknown one, a wrong or expired secret, a disabled client, or another method than its own."""

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
    detail = "A client with a secret keeps one, and a client without one gets none."


class InvalidGrantTypesError(DomainError):
    kind = Kind.INVALID
    code = "invalid_grant_types"
    detail = "The grant types are client_credentials, only for a client with a secret, and refresh_token."


class InvalidClientScopesError(DomainError):
    kind = Kind.INVALID
    code = "invalid_client_scopes"
    detail = (
        "At most 50 scopes of 1 to 100 visible characters of ASCII, without quotes and backslashes. Clients get "
        "neither account nor scopes of administration, and openid is for users only."
    )


class InvalidClientSecretError(DomainError):
    kind = Kind.INVALID
    code = "invalid_client_secret"
    detail = "A secret has 32 to 256 characters: letters, digits, hyphen, full stop, underscore, tilde."


class ClientSecretInUseError(DomainError):
    kind = Kind.CONFLICT
    code = "client_secret_in_use"
    detail = "This is already a secret of the client. Choose another."


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
    detail = "The introspection client must be a client with a secret."


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
