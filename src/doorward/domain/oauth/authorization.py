"""Use cases of the authorization endpoint: read a request, decide about it, store consents, issue codes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from uuid import UUID

from doorward.core.frozen import frozen
from doorward.core.ports import Batching, Clock, Database
from doorward.domain.audit.recording import record
from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.auth.tokens.opaque_token import OpaqueToken, OpaqueTokenCodec
from doorward.domain.oauth.application_lookups import ApplicationLookups
from doorward.domain.oauth.authorization_decision import Decision, UserState, decide
from doorward.domain.oauth.authorization_events import AuthorizationRefused, CodeIssued, ConsentGranted
from doorward.domain.oauth.authorization_request import (
    PUSHED_PREFIX,
    AuthorizationError,
    AuthorizationRequest,
    RefusedAuthorization,
    read_authorization,
)
from doorward.domain.oauth.code_models import CODE_LIFETIME, NewCode
from doorward.domain.oauth.described_clients import add_or_update_described_client, is_stored
from doorward.domain.oauth.exceptions import PushedRequestOverError
from doorward.domain.oauth.models import ClientId
from doorward.domain.oauth.ports import IdTokenSigner
from doorward.domain.oauth.pushed_requests import PushedRequests
from doorward.domain.oauth.repositories import Connection, codes, consents, pushed_requests
from doorward.domain.oauth.sign_in_notes import ASKED_PARAMETER, CHOSEN_PARAMETER, SignInNotes
from doorward.domain.oauth.token_policy import Audiences
from doorward.observability.logging import report


@frozen
class RequestParameters:
    """The parameters of a request: those that are not empty, and the names of those that were sent more than once.

    ``browser`` is the secret that identifies the browser; empty if it has none.
    """

    values: Mapping[str, str]
    repeated: Collection[str] = ()
    browser: str = field(default="", repr=False)
    pushed_id: UUID | None = None
    """The id of the pushed request from which the parameters come."""

    @property
    def of_application(self) -> Mapping[str, str]:
        """The parameters that the application sent, without those that the service adds."""
        return {name: value for name, value in self.values.items() if name not in {ASKED_PARAMETER, CHOSEN_PARAMETER}}

    @property
    def names_pushed_request(self) -> bool:
        """Whether the parameters name a pushed request (RFC 9126)."""
        return self.values.get("request_uri", "").startswith(PUSHED_PREFIX)


@frozen
class IssuedCode:
    """An issued code, and the request that it answers."""

    request: AuthorizationRequest
    code: str = field(repr=False)


@frozen
class AuthorizationState:
    """A request, and its next step."""

    request: AuthorizationRequest
    decision: Decision


@frozen
class AuthorizationSources:
    """The sources of a request: ``pushed`` opens pushed requests, ``applications`` finds the client and its consent."""

    pushed: PushedRequests
    applications: ApplicationLookups


class Authorization:
    """Decides whether an application gets a code for the user of a browser."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        batching: Batching,
        clock: Clock,
        codec: OpaqueTokenCodec,
        notes: SignInNotes,
        hints: IdTokenSigner,
        audiences: Audiences,
        sources: AuthorizationSources,
    ) -> None:
        """Share statements among concurrent requests with ``batching``.

        ``sources`` read what is not in the request itself.
        """
        self._database = database
        self._new_codes = batching("new_codes", self._add_codes)
        self._clock = clock
        self._codec = codec
        self._notes = notes
        self._hints = hints
        self._audiences = audiences
        self._pushed = sources.pushed
        self._applications = sources.applications

    async def evaluate(
        self, asked: RequestParameters, session: BrowserSession | None
    ) -> AuthorizationState | RefusedAuthorization:
        """Return the next step of a request. Nothing is stored.

        Raises ``InvalidAuthorizationError`` if it is not certain that the redirect URI belongs to the application.
        """
        request, granted = await self._read(asked, None if session is None else session.user_id)
        if isinstance(request, RefusedAuthorization):
            return request
        now = self._clock.now()
        hint = None if request.id_token_hint is None else self._hints.read_hint(request.id_token_hint)
        user = UserState(
            session,
            granted,
            asked_at=self._notes.read(asked.values.get(ASKED_PARAMETER), asked.of_application, now),
            hinted_user=None if hint is None else hint.user_id,
            has_chosen=session is not None and self._has_chosen(asked, session, now),
        )
        decision = decide(request, user, now)
        if isinstance(decision, RefusedAuthorization):
            return self._refused(request, decision)
        return AuthorizationState(request, decision)

    async def read(self, asked: RequestParameters) -> AuthorizationRequest | RefusedAuthorization:
        """Return the request, or the refusal for the application. Raises as ``evaluate`` does."""
        return (await self._read(asked, None))[0]

    async def _read(
        self, asked: RequestParameters, user_id: UUID | None
    ) -> tuple[AuthorizationRequest | RefusedAuthorization, Collection[str]]:
        """Return the request, and the scopes that the user has granted to its client."""
        asked = await self.open(asked)
        found = await self._applications.get(asked.values.get("client_id"), asked.values.get("resource"), user_id)
        request = read_authorization(
            asked.of_application,
            asked.repeated,
            found.client,
            found.resource,
            self._audiences,
            is_pushed=asked.pushed_id is not None,
        )
        if isinstance(request, RefusedAuthorization):
            if found.client is not None:
                report(AuthorizationRefused(client_id=found.client.client_id, reason=request.error))
            return request, ()
        return replace(request, pushed_id=asked.pushed_id), found.granted

    async def open(self, asked: RequestParameters) -> RequestParameters:
        """Return the parameters of the pushed request that these name; return these if they name none.

        Parameters other than ``client_id`` and ``request_uri`` are then ignored. Raises ``PushedRequestOverError`` for
        a pushed request that is no longer valid, if there is no redirect URI to which the error could be sent.
        """
        if not asked.names_pushed_request:
            return asked
        opened = None
        if not {"request_uri", "client_id"} & set(asked.repeated):
            request_uri, client_id = asked.values["request_uri"], asked.values.get("client_id", "")
            opened = await self._pushed.open(request_uri, client_id, asked.browser)
        if opened is not None:
            return RequestParameters(opened.parameters, browser=asked.browser, pushed_id=opened.id)
        if "redirect_uri" not in asked.values:
            raise PushedRequestOverError
        return asked

    def note(self, asked: RequestParameters) -> str:
        """Return the note that the request sends its user to sign in now."""
        return self._notes.write(asked.of_application, self._clock.now())

    def choice(self, asked: RequestParameters, session: BrowserSession) -> str:
        """Return the note that the user has chosen the account of this session for the request."""
        return self._notes.write(_chosen_for(asked, session), self._clock.now())

    def _has_chosen(self, asked: RequestParameters, session: BrowserSession, now: datetime) -> bool:
        return self._notes.read(asked.values.get(CHOSEN_PARAMETER), _chosen_for(asked, session), now) is not None

    async def issue(self, request: AuthorizationRequest, session: BrowserSession) -> IssuedCode | None:
        """Issue a code, committed when this returns.

        Return None if the browser session has ended, the client was disabled or the consent was revoked meanwhile.

        A pushed request is consumed with it. Raises ``PushedRequestOverError`` if it was consumed or has expired
        meanwhile.
        """
        now, token = self._clock.now(), OpaqueToken.new(session.user_id)
        code = _new_code(token, request, session, now, is_agreed=False)
        if request.pushed_id is None:
            is_live = await self._new_codes.ask(code)
        else:
            async with self._database.transaction() as connection:
                is_live = await _add_code(connection, code, request, now=now)
        return self._issued(request, token) if is_live else None

    async def agree(self, request: AuthorizationRequest, session: BrowserSession) -> IssuedCode | None:
        """Store the user's consent to the request, and issue a code for it, as ``issue`` does."""
        now, token, client_id = self._clock.now(), OpaqueToken.new(session.user_id), request.client.client_id
        event = ConsentGranted(user_id=session.user_id, session_id=session.id, client_id=ClientId(client_id))
        code, change = _new_code(token, request, session, now, is_agreed=True), None
        async with self._database.transaction() as connection:
            if not is_stored(request.client):
                change = await add_or_update_described_client(connection, request.client, now=now)
            is_live = await _add_code(connection, code, request, now=now)
            granted = await consents.lock_granted_scopes(connection, session.user_id, client_id) if is_live else ()
            is_new = is_live and not request.scopes <= set(granted)
            if is_new:
                await consents.add_consent(connection, session.user_id, client_id, request.scopes, now=now)
                await record(connection, event)
        for each in (change, event if is_new else None):
            if each is not None:
                report(each)
        return self._issued(request, token) if is_live else None

    def decline(self, request: AuthorizationRequest) -> RefusedAuthorization:
        """Return the refusal for the application when the user does not agree."""
        refused = request.refused(AuthorizationError.ACCESS_DENIED, "The user did not agree.")
        return self._refused(request, refused)

    def _refused(self, request: AuthorizationRequest, refused: RefusedAuthorization) -> RefusedAuthorization:
        report(AuthorizationRefused(client_id=request.client.client_id, reason=refused.error))
        return refused

    def _issued(self, request: AuthorizationRequest, token: OpaqueToken) -> IssuedCode:
        report(CodeIssued(client_id=request.client.client_id))
        return IssuedCode(request, self._codec.encode(token))

    async def _add_codes(self, new: Sequence[NewCode]) -> Sequence[bool]:
        async with self._database.connection() as connection:
            stored = await codes.add_codes(connection, new, now=self._clock.now())
        return [code.id in stored for code in new]


async def _add_code(connection: Connection, code: NewCode, request: AuthorizationRequest, *, now: datetime) -> bool:
    """Store a code, and consume the pushed request that it is issued for. Raises ``PushedRequestOverError``."""
    if not await codes.add_codes(connection, [code], now=now):
        return False
    pushed_id = request.pushed_id
    if pushed_id is not None and not await pushed_requests.consume_pushed_request(connection, pushed_id, now=now):
        raise PushedRequestOverError
    return True


def _chosen_for(asked: RequestParameters, session: BrowserSession) -> Mapping[str, str]:
    """Return the parameters of the note.

    No parameter of an application has an empty name, so the two cannot collide.
    """
    return {**asked.of_application, "": str(session.id)}


def _new_code(
    token: OpaqueToken, request: AuthorizationRequest, session: BrowserSession, now: datetime, *, is_agreed: bool
) -> NewCode:
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
        dpop_jkt=request.dpop_jkt,
        expires_at=now + CODE_LIFETIME,
        is_agreed=is_agreed,
    )
