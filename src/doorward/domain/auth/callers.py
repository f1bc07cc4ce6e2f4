"""Callers of the API: a user in a session, a client itself, or a user or program of a foreign issuer."""

from collections.abc import Hashable
from datetime import datetime
from typing import Self
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.principal import Principal
from doorward.domain.auth.models import ACCOUNT_SCOPE, FIRST_PARTY_CLIENT, LiveSession, Standing, User
from doorward.domain.auth.scopes import effective_scopes
from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.auth.tokens.key_binding import KeyBinding


@frozen
class Caller:
    """The user of a live session, and the scopes that are allowed in it now (RFC 6749 section 3.3).

    ``token_scopes`` are those of the access token. ``scopes`` are those that it allows with the user's current roles:
    a change of roles takes effect at the next request. ``acr`` and ``amr`` state how the user authenticated at
    ``authenticated_at`` (OpenID Connect Core section 2).
    """

    user: User
    session_id: UUID
    client_id: str
    token_scopes: frozenset[str]
    scopes: frozenset[str]
    roles: frozenset[str]
    acr: int
    amr: frozenset[str]
    authenticated_at: datetime
    has_second_factor: bool = False
    """Whether the user has a second factor now, even if it was not shown in this session."""
    is_email_verified: bool = False
    browser_session: BrowserSession | None = None
    """The session of a browser on the service's own pages; None for a session with tokens."""
    binding: KeyBinding | None = None
    """The key that the access token is bound to. A renewed session is bound to it, too."""

    @classmethod
    def of(cls, session: LiveSession, principal: Principal) -> Self:
        """Return the caller with an access token in its live session, with the scopes of the user's current roles."""
        thumbprint = principal.thumbprint
        return cls(
            user=User(session.user_id, session.email, session.username, is_active=True),
            session_id=session.id,
            client_id=session.client_id,
            token_scopes=principal.scopes,
            scopes=effective_scopes(session.client_id, principal.scopes, session.role_scopes),
            roles=frozenset(session.roles or ()),
            acr=session.acr,
            amr=frozenset(session.amr),
            authenticated_at=session.authenticated_at,
            has_second_factor=session.has_second_factor,
            is_email_verified=session.is_verified,
            binding=None if thumbprint is None else KeyBinding(thumbprint, includes_refresh_tokens=True),
        )

    @property
    def user_id(self) -> UUID:
        """Return the user's id."""
        return self.user.id

    @property
    def key(self) -> Hashable:
        """Return the key of the caller's rate limit: an integer, because the hash of a UUID is computed in Python."""
        return self.user.id.int


def caller_in_browser(session: BrowserSession, standing: Standing | None = None) -> Caller:
    """Return the caller in the live session of a browser: its user, limited to the own account, without roles.

    With the user's current ``standing`` the roles apply, too, as for a token of the service's own login.
    """
    own = frozenset({ACCOUNT_SCOPE})
    return Caller(
        user=User(session.user_id, session.email, session.username, is_active=True),
        session_id=session.id,
        client_id=FIRST_PARTY_CLIENT,
        token_scopes=own,
        scopes=own if standing is None else effective_scopes(FIRST_PARTY_CLIENT, own, standing.scopes),
        roles=frozenset() if standing is None else frozenset(standing.roles),
        acr=session.acr,
        amr=frozenset(session.amr),
        authenticated_at=session.authenticated_at,
        has_second_factor=session.has_second_factor,
        is_email_verified=session.is_verified,
        browser_session=session,
    )


@frozen
class ClientCaller:
    """A client that acts for itself (RFC 6749 section 4.4), without a user or a session."""

    client_id: str
    scopes: frozenset[str]

    @property
    def user_id(self) -> None:
        """Return None: a client owns nothing."""

    @property
    def key(self) -> Hashable:
        """Return the key of the caller's rate limit."""
        return self.client_id


@frozen
class ExternalCaller:
    """The subject of a foreign issuer's token. ``user_id`` is the id of the local user; None if there is none."""

    issuer: str
    subject: str
    user_id: UUID | None
    scopes: frozenset[str]


AnyCaller = Caller | ClientCaller | ExternalCaller
"""The caller of a route that accepts more than users in sessions. ``user_id`` is None for a caller without a user."""
