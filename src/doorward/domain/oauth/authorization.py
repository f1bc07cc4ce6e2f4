"""Use cases of the authorization endpoint: read a request, decide about it, remember consent, issue codes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from doorward.core.ports import Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.browser_session import BrowserSession
from doorward.domain.auth.opaque_token import OpaqueToken, OpaqueTokenCodec
from doorward.domain.oauth.asked_again import CHOSEN, PARAMETER, AskedNotes
from doorward.domain.oauth.authorization_decision import Decision, UserState, decide
from doorward.domain.oauth.authorization_request import (
    AuthorizationError,
    AuthorizationRequest,
    RefusedAuthorization,
    read_authorization,
)
from doorward.domain.oauth.code_models import CODE_LIFE, NewCode
from doorward.domain.oauth.events import AuthorizationRefused, CodeIssued, ConsentGranted
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.oauth.models import ClientId, OAuthClient, ResourceContent
from doorward.domain.oauth.policy import is_resource_identifier, may_be_a_client_id
from doorward.domain.oauth.ports import IdTokenSigner
from doorward.domain.oauth.repositories import Connection, clients, codes, consents
from doorward.domain.oauth.token_policy import Audiences
from doorward.observability.logging import report


@dataclass(frozen=True, slots=True)
class AskedParameters:
    """What a browser brought: the parameters that are not empty, each once, and the names of those that came twice."""

    values: Mapping[str, str]
    repeated: Collection[str] = ()

    @property
    def of_application(self) -> Mapping[str, str]:
        """Those that are not the service's own."""
        return {name: value for name, value in self.values.items() if name not in {PARAMETER, CHOSEN}}


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code on its way to the application."""

    request: AuthorizationRequest
    code: str


@dataclass(frozen=True, slots=True)
class AuthorizationState:
    """A request, and what happens next with it."""

    request: AuthorizationRequest
    decision: Decision


class Authorization:
    """Decides whether an application gets a code for the user of a browser."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        codec: OpaqueTokenCodec,
        notes: AskedNotes,
        hints: IdTokenSigner,
        audiences: Audiences,
    ) -> None:
        """Take the database, the time, what writes codes and notes, what reads ID tokens, and the audiences."""
        self._database = database
        self._clock = clock
        self._codec = codec
        self._notes = notes
        self._hints = hints
        self._audiences = audiences

    async def consider(
        self, asked: AskedParameters, session: BrowserSession | None
    ) -> AuthorizationState | RefusedAuthorization:
        """Return what happens next with a request. Nothing is stored.

        Raises ``InvalidAuthorizationError`` where it is not certain that the answer would go to the application.
        """
        request = await self.read(asked)
        if isinstance(request, RefusedAuthorization):
            return request
        now, granted = self._clock.now(), await self._granted(request, session)
        hint = None if request.id_token_hint is None else self._hints.read_hint(request.id_token_hint)
        user = UserState(
            session,
            granted,
            asked_at=self._notes.read(asked.values.get(PARAMETER), asked.of_application, now),
            hinted_user=None if hint is None else hint.user_id,
            has_chosen=session is not None and self._has_chosen(asked, session, now),
        )
        decision = decide(request, user, now)
        if isinstance(decision, RefusedAuthorization):
            return self._refused(request, decision)
        return AuthorizationState(request, decision)

    async def read(self, asked: AskedParameters) -> AuthorizationRequest | RefusedAuthorization:
        """Return what is asked for, or what the application is told. Raises as ``consider`` does."""
        client, resource = await self._find(asked.values.get("client_id"), asked.values.get("resource"))
        request = read_authorization(asked.of_application, asked.repeated, client, resource, self._audiences)
        if isinstance(request, RefusedAuthorization) and client is not None:
            report(AuthorizationRefused(client_id=client.client_id, reason=request.error))
        return request

    def note(self, asked: AskedParameters) -> str:
        """Return the note that the request now sends its user to sign in."""
        return self._notes.write(asked.of_application, self._clock.now())

    def choice(self, asked: AskedParameters, session: BrowserSession) -> str:
        """Return the note that the user has chosen the account of this session for the request."""
        return self._notes.write(_chosen_for(asked, session), self._clock.now())

    def _has_chosen(self, asked: AskedParameters, session: BrowserSession, now: datetime) -> bool:
        return self._notes.read(asked.values.get(CHOSEN), _chosen_for(asked, session), now) is not None

    async def issue(self, request: AuthorizationRequest, session: BrowserSession) -> IssuedCode | None:
        """Issue a code, committed when this returns; None if the browser's session has ended meanwhile."""
        now, token = self._clock.now(), OpaqueToken.new(session.user_id)
        async with self._database.connection() as connection:
            is_stored = await codes.add_code(connection, _new_code(token, request, session, now), now=now)
        return self._issued(request, token) if is_stored else None

    async def agree(self, request: AuthorizationRequest, session: BrowserSession) -> IssuedCode | None:
        """Remember that the user agreed to the request, and issue a code for it, as ``issue`` does."""
        now, token, client_id = self._clock.now(), OpaqueToken.new(session.user_id), request.client.client_id
        event = ConsentGranted(user_id=session.user_id, session_id=session.id, client_id=ClientId(client_id))
        async with self._database.transaction() as connection:
            is_stored = await codes.add_code(connection, _new_code(token, request, session, now), now=now)
            granted = await consents.find_granted_scopes(connection, session.user_id, client_id) if is_stored else ()
            is_new = is_stored and not request.scopes <= set(granted)
            if is_new:
                await consents.add_consent(connection, session.user_id, client_id, request.scopes, now=now)
                await record(connection, event)
        if is_new:
            report(event)
        return self._issued(request, token) if is_stored else None

    def decline(self, request: AuthorizationRequest) -> RefusedAuthorization:
        """Return what the application is told when the user does not agree."""
        refused = request.refused(AuthorizationError.ACCESS_DENIED, "The user did not agree.")
        return self._refused(request, refused)

    def _refused(self, request: AuthorizationRequest, refused: RefusedAuthorization) -> RefusedAuthorization:
        report(AuthorizationRefused(client_id=request.client.client_id, reason=refused.error))
        return refused

    def _issued(self, request: AuthorizationRequest, token: OpaqueToken) -> IssuedCode:
        report(CodeIssued(client_id=request.client.client_id))
        return IssuedCode(request, self._codec.encode(token))

    async def _find(
        self, client_id: str | None, identifier: str | None
    ) -> tuple[OAuthClient | None, ResourceContent | None]:
        if client_id is None or not may_be_a_client_id(client_id):
            raise InvalidAuthorizationError
        if identifier is not None and not is_resource_identifier(identifier):
            identifier = None
        async with self._database.connection() as connection:
            (stored,) = await clients.list_clients_with_hashes(connection, [client_id], [identifier], [None])
        return (None, None) if stored is None else (stored.client, stored.resource)

    async def _granted(self, request: AuthorizationRequest, session: BrowserSession | None) -> Collection[str]:
        if session is None or request.client.is_first_party:
            return ()
        async with self._database.connection() as connection:
            return await consents.find_granted_scopes(connection, session.user_id, request.client.client_id)


def _chosen_for(asked: AskedParameters, session: BrowserSession) -> Mapping[str, str]:
    """Return what the note is written for: an application has no parameter without a name."""
    return {**asked.of_application, "": str(session.id)}


def _new_code(token: OpaqueToken, request: AuthorizationRequest, session: BrowserSession, now: datetime) -> NewCode:
    return NewCode(
        id=token.id,
        secret_hash=token.secret_hash,
        client_id=request.client.client_id,
        user_id=session.user_id,
        browser_session_id=session.id,
        redirect_uri=request.reply.redirect_uri,
        scopes=sorted(request.scopes),
        resource=request.resource,
        nonce=request.nonce,
        code_challenge=request.code_challenge,
        expires_at=now + CODE_LIFE,
    )
