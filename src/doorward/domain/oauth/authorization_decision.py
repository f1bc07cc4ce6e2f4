"""The next step of an authorization request: a code, a question to the user, or a refusal. Pure."""

from collections.abc import Collection
from datetime import datetime, timedelta

from doorward.core.frozen import frozen
from doorward.core.principal import SignIn
from doorward.domain.auth.sessions.browser_session import BrowserSession
from doorward.domain.oauth.authorization_request import (
    ACR_LEVELS,
    AuthorizationError,
    AuthorizationRequest,
    Prompt,
    RefusedAuthorization,
)
from doorward.domain.oauth.redirect_uris import is_native


@frozen
class SignInDue:
    """The user has to sign in, perhaps again. ``needs_second_factor``: being on a remembered device is not enough."""

    needs_second_factor: bool


@frozen
class AccountChoiceDue:
    """The user has to confirm that the signed-in account is the right one."""

    session: BrowserSession


@frozen
class ConsentDue:
    """The user has to consent. ``scopes`` are those that the application gets, ``new`` those not granted before."""

    session: BrowserSession
    scopes: frozenset[str]
    new: frozenset[str]


@frozen
class CodeDue:
    """The application gets a code."""

    session: BrowserSession


@frozen
class UserState:
    """The browser session of the user, and the scopes that the user has granted to the application.

    ``asked_at`` is when this request last sent the user to sign in, ``hinted_user`` the user that the application
    expects. ``has_chosen``: the user has chosen the account of this session for this request.
    """

    session: BrowserSession | None
    granted: Collection[str] = ()
    asked_at: datetime | None = None
    hinted_user: str | None = None
    has_chosen: bool = False


Decision = SignInDue | AccountChoiceDue | ConsentDue | CodeDue | RefusedAuthorization


def decide(request: AuthorizationRequest, user: UserState, now: datetime) -> Decision:
    """Return the next step. Steps that the user has completed for this request are not repeated."""
    session = user.session
    if session is None or _is_login_due(request, user, session, now):
        if Prompt.NONE in request.prompts or (session is not None and _was_asked(user, session)):
            return request.refused(AuthorizationError.LOGIN_REQUIRED, "The user has to sign in.")
        return SignInDue(_needs_second_factor(request))
    if Prompt.SELECT_ACCOUNT in request.prompts and not (user.has_chosen or _was_asked(user, session)):
        return AccountChoiceDue(session)
    if not _reaches_level(request, session.sign_in):
        return _step_up(request, user, session)
    return _consent_or_code(request, session, frozenset(user.granted))


def _consent_or_code(request: AuthorizationRequest, session: BrowserSession, granted: frozenset[str]) -> Decision:
    """Return the next step for a user who has signed in as requested.

    Without a secret, a native application can be impersonated by another one on the device, so the user confirms each
    request (RFC 8252 section 8.6).
    """
    client, is_silent = request.client, Prompt.NONE in request.prompts
    is_new = not client.is_first_party and not request.scopes <= granted
    if is_new or Prompt.CONSENT in request.prompts:
        if is_silent:
            return request.refused(AuthorizationError.CONSENT_REQUIRED, "The user has to agree.")
        return ConsentDue(session, request.scopes, request.scopes - granted)
    if client.is_confidential or not is_native(request.reply.redirect_uri):
        return CodeDue(session)
    if is_silent:
        return request.refused(AuthorizationError.INTERACTION_REQUIRED, "The user has to confirm.")
    return ConsentDue(session, request.scopes, frozenset())


def _is_login_due(request: AuthorizationRequest, user: UserState, session: BrowserSession, now: datetime) -> bool:
    is_another = user.hinted_user is not None and user.hinted_user != str(session.user_id)
    is_unknown = request.id_token_hint is not None and user.hinted_user is None and Prompt.NONE in request.prompts
    if is_another or is_unknown:
        return True
    if _was_asked(user, session):
        return False
    age = now - session.authenticated_at
    is_too_old = request.max_age is not None and age > timedelta(seconds=request.max_age)
    return is_too_old or Prompt.LOGIN in request.prompts


def _was_asked(user: UserState, session: BrowserSession) -> bool:
    """Return whether the user signed in because of this request."""
    return user.asked_at is not None and session.authenticated_at >= user.asked_at


def _reaches_level(request: AuthorizationRequest, sign_in: SignIn) -> bool:
    return not request.acr_levels or ACR_LEVELS[sign_in.level] >= min(request.acr_levels)


def _needs_second_factor(request: AuthorizationRequest) -> bool:
    return bool(request.acr_levels) and min(request.acr_levels) > ACR_LEVELS["1"]


def _step_up(
    request: AuthorizationRequest, user: UserState, session: BrowserSession
) -> SignInDue | RefusedAuthorization:
    """Ask the user for a second factor, or refuse the request.

    It is refused if the user has none, was just asked because of this request, or must not be asked (``prompt=none``).
    """
    if not session.has_second_factor or _was_asked(user, session) or Prompt.NONE in request.prompts:
        return request.refused(
            AuthorizationError.UNMET_AUTHENTICATION_REQUIREMENTS, "The user did not sign in as strongly as asked for."
        )
    return SignInDue(needs_second_factor=True)
