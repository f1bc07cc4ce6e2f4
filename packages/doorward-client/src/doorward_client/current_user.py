"""The caller of an access token."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from doorward_client.exceptions import InsufficientAuthenticationError, InsufficientScopeError, InvalidTokenError
from doorward_client.proofs import bound_thumbprint
from doorward_client.verification import Claims

ACR_VALUES: Final = ("1", "2", "phr")
"""The levels of authentication, from weak to strong: one factor, two factors, phishing-resistant (OpenID EAP)."""

_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749 section 3.3."""


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """The user of a verified token, or the client itself if there is no user.

    ``sub`` is the user's immutable id. ``session_id`` is that of the login. ``acr`` and ``amr`` say how the user signed
    in, ``auth_time`` when. ``claims`` are all claims of the token; do not change their contents. ``thumbprint`` is that
    of the key that the token is bound to (RFC 9449 section 6), None if it is not bound.
    """

    sub: str
    scopes: frozenset[str]
    client_id: str | None
    session_id: str | None
    acr: str | None
    amr: tuple[str, ...]
    auth_time: datetime | None
    claims: Claims = field(repr=False)
    thumbprint: str | None = None

    @property
    def is_client(self) -> bool:
        """Return whether the token is a client's own (``client_credentials``): its subject is the client."""
        return self.sub == self.client_id

    def require_scopes(self, scopes: Sequence[str]) -> None:
        """Raise ``InsufficientScopeError`` unless the token has all these scopes."""
        if not self.scopes.issuperset(scopes):
            raise InsufficientScopeError(scopes)

    def require_acr(self, acr: str, max_age: int | None, now: float) -> None:
        """Raise ``InsufficientAuthenticationError`` unless the user signed in at this level within ``max_age``."""
        is_strong = self.acr in ACR_VALUES and ACR_VALUES.index(self.acr) >= ACR_VALUES.index(acr)
        is_recent = max_age is None or (self.auth_time is not None and now - self.auth_time.timestamp() <= max_age)
        if not (is_strong and is_recent):
            raise InsufficientAuthenticationError(acr, max_age)


def check_scopes(scopes: Sequence[str]) -> None:
    """Raise ``ValueError`` unless each text is one valid scope."""
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise ValueError("A scope has no spaces, quotes or backslashes. Pass several scopes as separate arguments.")


def check_acr(acr: str, max_age: int | None) -> None:
    """Raise ``ValueError`` for requirements that no token could satisfy."""
    if acr not in ACR_VALUES:
        raise ValueError(f"acr must be one of {', '.join(ACR_VALUES)}.")
    if max_age is not None and max_age < 0:
        raise ValueError("max_age must not be negative.")


def read_user(claims: Claims) -> CurrentUser:
    """Return the user of verified claims. Raises ``InvalidTokenError`` if a claim has the wrong type.

    It is also raised for a binding to a key (``cnf``) of an unknown kind.
    """
    amr = claims.get("amr", [])
    if not isinstance(amr, list) or not all(isinstance(method, str) for method in amr):
        raise InvalidTokenError("A claim of the access token is malformed.")
    return CurrentUser(
        sub=claims["sub"],
        scopes=frozenset((_text(claims, "scope") or "").split()),
        client_id=_text(claims, "client_id"),
        session_id=_text(claims, "sid"),
        acr=_text(claims, "acr"),
        amr=tuple(amr),
        auth_time=_time(claims, "auth_time"),
        claims=claims,
        thumbprint=bound_thumbprint(claims),
    )


def _text(claims: Claims, name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidTokenError("A claim of the access token is malformed.")
    return value


def _time(claims: Claims, name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if type(value) is not int:
        raise InvalidTokenError("A claim of the access token is malformed.")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidTokenError("A claim of the access token is malformed.") from error
