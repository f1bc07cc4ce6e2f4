"""Every way in which passkeys are refused, one class each. The codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class PasskeysNotConfiguredError(DomainError):
    """The service has no address that authenticators know it by, or lacks the package. The same for every caller."""

    kind = Kind.FORBIDDEN
    code = "passkeys_not_configured"
    detail = (
        "This service has no passkeys. Its operator has to set PUBLIC_URL to an https address with a host name, and "
        "install doorward[passkeys]."
    )


class InvalidPasskeyError(DomainError):
    """The signature, the challenge, the origin or the account does not suffice: the caller is not told which."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_passkey"
    detail = "The passkey was not accepted. Try again, or sign in another way."


class UnknownPasskeyError(DomainError):
    """No passkey has this credential id: it was removed here, and is still in the authenticator.

    The caller is told so, that the browser can forget it (``PublicKeyCredential.signalUnknownCredential``). Credential
    ids are random: none can be guessed.
    """

    kind = Kind.UNAUTHENTICATED
    code = "unknown_passkey"
    detail = "This passkey is not known here, or no longer. Remove it from your device, and sign in another way."


class PasskeyRegistrationRefusedError(DomainError):
    """What was made does not verify, or its challenge is used or too old: the caller is not told which."""

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
    """The user has no passkey of this id: unknown, removed or another user's, which is not told."""

    kind = Kind.NOT_FOUND
    code = "passkey_not_found"
    detail = "You have no passkey of this id."


class InvalidPasskeyNameError(DomainError):
    kind = Kind.INVALID
    code = "invalid_passkey_name"
    detail = "The name of a passkey has at most 64 characters, and no control characters."
