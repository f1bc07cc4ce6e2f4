"""Exceptions of this package. No message contains any part of a token."""

from collections.abc import Sequence


class DoorwardClientError(Exception):
    """The base class of all exceptions that this package raises."""


class InvalidTokenError(DoorwardClientError):
    """The token is malformed, forged, expired, foreign, or not an access token for this service."""


class UnknownKeyError(InvalidTokenError):
    """No key of the issuer has the token's ``kid`` and algorithm."""


class BoundTokenError(InvalidTokenError):
    """The token is bound to a key, and was sent with the scheme Bearer (RFC 9449 section 7.2)."""

    def __init__(self) -> None:
        super().__init__("The access token is bound to a key, and came without a DPoP proof.")


class InvalidProofError(DoorwardClientError):
    """The call has no proof of possession (RFC 9449), or one that is invalid, for another call, too old, or used."""


class InsufficientScopeError(DoorwardClientError):
    """The token is valid, but lacks a scope."""

    def __init__(self, scopes: Sequence[str]) -> None:
        super().__init__(f"The access token lacks a scope of: {' '.join(scopes)}.")
        self.scopes = tuple(scopes)


class InsufficientAuthenticationError(DoorwardClientError):
    """The token is valid, but its user did not sign in recently or strongly enough (RFC 9470)."""

    def __init__(self, acr: str, max_age: int | None) -> None:
        super().__init__("The user has to sign in again.")
        self.acr = acr
        self.max_age = max_age


class UnavailableError(DoorwardClientError):
    """The issuer was needed and gave no usable response. Try again after ``retry_after_seconds``."""

    def __init__(self, message: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class KeysUnavailableError(UnavailableError):
    """The issuer's keys are not known, and could not be fetched."""


class IntrospectionUnavailableError(UnavailableError):
    """The issuer did not say whether the token is active."""


class FetchError(DoorwardClientError):
    """A document could not be fetched, or is invalid. Functions that fetch raise nothing else."""
