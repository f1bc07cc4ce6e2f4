"""Errors of tokens of other issuers, and of identities at other providers. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class IssuerUnavailableError(DomainError):
    """The keys of a trusted issuer are not known, and could not be fetched. A later retry may succeed."""

    kind = Kind.UNAVAILABLE
    code = "issuer_unavailable"
    detail = "The issuer of the access token cannot be asked for its keys at the moment."
    retry_after_seconds = 5


class ProviderUnavailableError(DomainError):
    """An OpenID provider that users sign in with could not be reached. A later retry may succeed."""

    kind = Kind.UNAVAILABLE
    code = "login_provider_unavailable"
    detail = "The service that you want to sign in with cannot be reached at the moment."
    retry_after_seconds = 5


class InvalidProviderAnswerError(DomainError):
    """The authorization response of a provider is forged, too old, of another browser, or does not verify."""

    kind = Kind.INVALID
    code = "login_provider_answer_invalid"
    detail = "Signing in with the other service did not succeed. Try again."


class ProviderDeclinedError(DomainError):
    """A provider did not sign the user in, for example because the user cancelled there."""

    kind = Kind.INVALID
    code = "login_provider_declined"
    detail = "The other service did not sign you in."


class StaleProviderAnswerError(DomainError):
    """A provider did not confirm the new sign-in that was requested of it."""

    kind = Kind.INVALID
    code = "login_provider_answer_stale"
    detail = "The other service did not say that you signed in there just now. Sign in here in another way."


class LongLoginRequestError(DomainError):
    kind = Kind.INVALID
    code = "login_request_too_long"
    detail = "What the application asks for is too long to be taken to another service. Sign in here."


class UnknownIdentityError(DomainError):
    """The identity is linked with no account. Accounts are never found or created by e-mail address."""

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
    """The account has no password, no passkey and no other identity."""

    kind = Kind.CONFLICT
    code = "last_way_in"
    detail = "This identity is the only way to sign in to the account."
