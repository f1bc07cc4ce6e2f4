"""The session that a login requests: one of a client, or one of a browser. No I/O."""

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.domain.auth.models import ACCOUNT_SCOPE, FIRST_PARTY_CLIENT
from doorward.domain.auth.sessions.rotated_session import TokenAudience
from doorward.domain.auth.tokens.key_binding import KeyBinding


class GrantKind(StrEnum):
    """The kind of a session."""

    FIRST_PARTY = "first_party"
    """The service's own login; the response has the tokens."""
    BROWSER = "browser"
    """A browser's session with a cookie, by which applications then get their own sessions."""
    ONLINE = "online"
    """An application's session, which ends with the browser's."""
    OFFLINE = "offline"
    """An application's session, which continues after the browser's has ended."""


@frozen
class RedeemedCode:
    """The authorization code that an application's session comes from (RFC 6749 section 4.1).

    Its id becomes that of the session. The session keeps the hash, by which a second use of the code is detected, and
    ends at ``ends_at`` at the latest.
    """

    id: UUID
    secret_hash: bytes = field(repr=False)
    browser_session_id: UUID
    ends_at: datetime | None


@frozen
class Grant:
    """The requested session of a client, with its scopes. Without ``audience`` its tokens are for this service."""

    client_id: str
    scopes: tuple[str, ...]
    audience: TokenAudience | None = None
    kind: GrantKind = GrantKind.FIRST_PARTY
    code: RedeemedCode | None = None
    binding: KeyBinding | None = None
    """The key that its tokens are bound to."""

    @property
    def refresh_thumbprint(self) -> str | None:
        """Return the thumbprint of the key that its refresh tokens are bound to; None if they are not bound."""
        return None if self.binding is None else self.binding.of_refresh_tokens


FIRST_PARTY: Final = Grant(FIRST_PARTY_CLIENT, (ACCOUNT_SCOPE,))
"""The grant of the service's own login."""

IN_BROWSER: Final = Grant(FIRST_PARTY_CLIENT, (ACCOUNT_SCOPE,), kind=GrantKind.BROWSER)
"""The grant of a login on the service's own pages."""
