"""All errors of passkeys. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class PasskeysNotConfiguredError(DomainError):
    """The service has no host name for a relying party id, or lacks the package. The same for every caller."""

    kind = Kind.FORBIDDEN
    code = "passkeys_not_configured"
    detail = (
        "This service has no passkeys. Its operator has to set PUBLIC_URL to an https address with a host name, and "
        "install doorward[passkeys]."
    )


class InvalidPasskeyError(DomainError):
    """Signature, challenge, origin or account is not accepted: the response does not tell which."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_passkey"
    detail = "The passkey was not accepted. Try again, or sign in another way."


class UnknownPasskeyError(DomainError):
    """No passkey has this credential id: it was removed here, and is still in the authenticator.

    The response tells so, so that the browser can remove it (``PublicKeyCredential.signalUnknownCredential``).
    Credential ids are random and cannot be guessed.
    """

    kind = Kind.UNAUTHENTICATED
    code = "unknown_passkey"
    detail = "This passkey is not known here, or no longer. Remove it from your device, and sign in another way."


class PasskeyRegistrationRefusedError(DomainError):
    """The credential does not verify, or its challenge is used or too old: the response does not tell which."""

    kind = Kind.INVALID
    code = "passkey_registration_refused"
    detail = "The new passkey was not accepted. Begin again."


class PasskeyExistsError(DomainError):
    """The credential is registered, for this account or for another."""

    kind = Kind.CONFLICT
    code = "passkey_exists"
    detail = "This passkey is registered already."


class TooManyPasskeysError(DomainError):
    kind = Kind.CONFLICT
    code = "too_many_passkeys"
    detail = "The account has as many passkeys as it may. Remove one first."


class PasskeyNotFoundError(DomainError):
    """The passkey is unknown, removed or another user's: the response does not tell which."""

    kind = Kind.NOT_FOUND
    code = "passkey_not_found"
    detail = "You have no passkey of this id."


class InvalidPasskeyNameError(DomainError):
    kind = Kind.INVALID
    code = "invalid_passkey_name"
    detail = "The name of a passkey has at most 64 characters, and no control characters."
