"""The refusals of foreign issuers' tokens that no other token has, and of identities at other providers."""

from doorward.core.exceptions import DomainError, Kind


class IssuerUnavailableError(DomainError):
    """The keys of a trusted issuer are not known, and could not be fetched. A later retry may succeed."""

    kind = Kind.UNAVAILABLE
    code = "issuer_unavailable"
    detail = "The issuer of the access token cannot be asked for its keys at the moment."
    retry_after_seconds = 5


class ProviderUnavailableError(DomainError):
    """An OpenID provider that people sign in with could not be asked. A later retry may succeed."""

    kind = Kind.UNAVAILABLE
    code = "login_provider_unavailable"
    detail = "The service that you want to sign in with cannot be reached at the moment."
    retry_after_seconds = 5


class InvalidProviderAnswerError(DomainError):
    """What a browser brought back from a provider is made up, too old, of another browser, or does not verify."""

    kind = Kind.INVALID
    code = "login_provider_answer_invalid"
    detail = "Signing in with the other service did not succeed. Try again."


class ProviderDeclinedError(DomainError):
    """A provider answered that the person is not signed in, such as for one who cancelled there."""

    kind = Kind.INVALID
    code = "login_provider_declined"
    detail = "The other service did not sign you in."


class StaleProviderAnswerError(DomainError):
    """A provider that was to have the person sign in anew did not say that it did, just now."""

    kind = Kind.INVALID
    code = "login_provider_answer_stale"
    detail = "The other service did not say that you signed in there just now. Sign in here in another way."


class LongLoginRequestError(DomainError):
    kind = Kind.INVALID
    code = "login_request_too_long"
    detail = "What the application asks for is too long to be taken to another service. Sign in here."


class UnknownIdentityError(DomainError):
    """An identity of a provider that no account has. None is found or made by the address of a person."""

    kind = Kind.INVALID
    code = "identity_unknown"
    detail = (
        "No account is linked with that identity. Sign in to your account in another way, and link the identity there."
    )


class IdentityTakenError(DomainError):
    kind = Kind.CONFLICT
    code = "identity_taken"
    detail = "That identity is linked with another account."


class TooManyIdentitiesError(DomainError):
    kind = Kind.CONFLICT
    code = "identity_limit_reached"
    detail = "Your account has as many linked identities as it may have."


class IdentityNotFoundError(DomainError):
    kind = Kind.NOT_FOUND
    code = "identity_not_found"
    detail = "There is no such identity."


class LastWayInError(DomainError):
    """The account has neither a password nor a passkey nor another identity."""

    kind = Kind.CONFLICT
    code = "last_way_in"
    detail = "This identity is the only way to sign in to the account."
