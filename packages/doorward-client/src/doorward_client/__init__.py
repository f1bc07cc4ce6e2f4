"""Verifies access tokens of doorward, and of other OAuth issuers, in Python services."""

from doorward_client.current_user import CurrentUser
from doorward_client.doorward import Doorward
from doorward_client.exceptions import (
    BoundTokenError,
    DoorwardClientError,
    InsufficientAuthenticationError,
    InsufficientScopeError,
    IntrospectionUnavailableError,
    InvalidProofError,
    InvalidTokenError,
    KeysUnavailableError,
    UnavailableError,
)
from doorward_client.proofs import PresentedProof
from doorward_client.protected_resource import ProtectedResource

__all__ = [
    "BoundTokenError",
    "CurrentUser",
    "Doorward",
    "DoorwardClientError",
    "InsufficientAuthenticationError",
    "InsufficientScopeError",
    "IntrospectionUnavailableError",
    "InvalidProofError",
    "InvalidTokenError",
    "KeysUnavailableError",
    "PresentedProof",
    "ProtectedResource",
    "UnavailableError",
]
