"""The request of a refresh, and its check against the session. No queries."""

from datetime import datetime, timedelta
from typing import Self

from doorward.core.frozen import frozen
from doorward.domain.auth.events import RefreshRefused
from doorward.domain.auth.exceptions import InvalidRefreshTokenError, InvalidTargetError, ScopeNotGrantedError
from doorward.domain.auth.scopes import includes_scopes, may_name_a_scope, with_implied_scopes
from doorward.domain.auth.sessions.policy import RefreshVerdict, judge_unrotated
from doorward.domain.auth.sessions.rotated_session import LockedSession, RotatedSession
from doorward.domain.auth.tokens.refresh_token import RefreshToken
from doorward.observability.logging import report


@frozen
class RefreshRequest:
    """A client's request for a refresh.

    ``scopes`` None requests all scopes of the session, ``resource`` None its own resource. A token of another
    client ends its session if the requesting client ``is_confidential``. ``allowed`` are the scopes that the client may
    have now, including implied ones; None allows all.
    """

    token: RefreshToken
    client_id: str
    scopes: frozenset[str] | None
    resource: str | None
    is_confidential: bool
    allowed: frozenset[str] | None = None
    not_before: datetime | None = None

    @classmethod
    def of(
        cls,
        token: RefreshToken,
        client_id: str,
        scopes: frozenset[str] | None,
        resource: str | None,
        *,
        is_confidential: bool,
        allowed: frozenset[str] | None = None,
        not_before: datetime | None = None,
    ) -> Self:
        """Return the request. NUL in a resource is replaced: PostgreSQL cannot compare it, and no session has it.

        Raises ``ScopeNotGrantedError`` for texts that cannot be a scope.
        """
        if scopes is not None and not all(map(may_name_a_scope, scopes)):
            report(RefreshRefused(reason="scope"))
            raise ScopeNotGrantedError
        comparable = None if resource is None else resource.replace("\0", "\ufffd")
        allowed = None if allowed is None else with_implied_scopes(allowed)
        return cls(token, client_id, scopes, comparable, is_confidential, allowed, not_before)

    def judge(self, session: LockedSession | None, now: datetime, leeway: timedelta) -> RefreshVerdict:
        """Return the verdict on the token, which did not rotate its session."""
        return judge_unrotated(
            session, self.token, now, leeway, client_id=self.client_id, is_confidential=self.is_confidential
        )

    def granted_scopes(self, session: RotatedSession) -> tuple[str, ...]:
        """Return the scopes of the next tokens: those requested, without those that the client has lost."""
        granted = session.scopes if self.scopes is None else self.scopes
        return tuple(scope for scope in granted if self.allowed is None or scope in self.allowed)

    def check(self, session: RotatedSession) -> None:
        """Refuse a request for a scope or a resource that the session lacks now, or if the client has lost all scopes.

        Its token stays current.

        Raises ``InvalidTargetError``, ``InvalidRefreshTokenError``, ``ScopeNotGrantedError``.
        """
        if self.resource is not None and self.resource != session.resource:
            report(RefreshRefused(reason="resource"))
            raise InvalidTargetError
        if not session.is_served:
            report(RefreshRefused(reason="resource"))
            raise InvalidRefreshTokenError
        if self.scopes is not None and not includes_scopes(session.scopes, self.scopes):
            report(RefreshRefused(reason="scope"))
            raise ScopeNotGrantedError
        if not self.granted_scopes(session):
            report(RefreshRefused(reason="scope"))
            raise InvalidRefreshTokenError
