"""Why a token was not accepted, or could not be checked. No message holds any part of a token."""

from collections.abc import Sequence


class DoorwardClientError(Exception):
    """The base of all that this package raises on purpose."""


class InvalidTokenError(DoorwardClientError):
    """The token is malformed, forged, expired, foreign, or not an access token for this service."""


class UnknownKeyError(InvalidTokenError):
    """No key of the issuer has the token's ``kid`` and algorithm."""


class InsufficientScopeError(DoorwardClientError):
    """The token is valid and lacks a scope."""

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
    """The issuer had to be asked and gave no usable answer. Try again after ``retry_after_seconds``."""

    def __init__(self, message: str, *, retry_after_seconds: int = 5) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class KeysUnavailableError(UnavailableError):
    """The issuer's keys are not known, and could not be fetched."""


class IntrospectionUnavailableError(UnavailableError):
    """The issuer did not say whether the token is active."""


class FetchError(DoorwardClientError):
    """A document could not be fetched, or is not what it must be. Functions that fetch raise nothing else."""
