"""Beginning of a client's session: the only function that stores one. ``browser_sessions`` begins those of browsers."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from doorward.core.frozen import frozen
from doorward.core.principal import SignIn
from doorward.domain.audit.recording import record
from doorward.domain.auth.events import SessionBegun, SessionEnded
from doorward.domain.auth.models import Device, EndReason, LockedAccount, NewSession, Proof
from doorward.domain.auth.repositories import Connection, sessions
from doorward.domain.auth.sessions.admission import AdmissionPolicy, Proceed, Refuse, SecondFactorDue, judge
from doorward.domain.auth.sessions.grants import Grant, GrantKind
from doorward.domain.auth.sessions.policy import Lifetimes
from doorward.domain.auth.tokens.refresh_token import SECRET_BYTES, RefreshToken, hash_secret
from doorward.observability.request_context import bind_session


@frozen
class Begun:
    """A session that begins with the commit. ``token`` is its first refresh token."""

    token: RefreshToken
    grant: Grant
    sign_in: SignIn
    roles: Sequence[str] | None
    event: SessionBegun
    ended: Sequence[SessionEnded]
    """The events of sessions that ended to make room. All events are recorded; report them after the commit."""


async def begin_session(
    connection: Connection,
    account: LockedAccount | None,
    proof: Proof,
    grant: Grant,
    device: Device,
    *,
    policy: AdmissionPolicy,
    lifetimes: Lifetimes,
    now: datetime,
) -> Begun | SecondFactorDue | Refuse:
    """Judge the proof, store the session and record it, in the caller's transaction, which has locked the account.

    This function locks nothing: ``account`` is the user's row as that transaction has locked or changed it. A refusal
    is returned, not raised, so that the caller decides what to commit with it. Beyond the maximum number of sessions of
    a user, the least recently used ones end.
    """
    verdict = judge(account, proof, policy)
    if not isinstance(verdict, Proceed):
        return verdict
    session_id = uuid4() if grant.code is None else grant.code.id
    secret, thumbprint = secrets.token_bytes(SECRET_BYTES), grant.refresh_thumbprint
    token = RefreshToken(session_id, proof.user_id, generation=0, secret=secret, thumbprint=thumbprint)
    session = _new_session(token, proof, grant, device, lifetimes, now)
    displaced = await sessions.add_session(
        connection, session, most_live=lifetimes.most_sessions, reason=EndReason.DISPLACED
    )
    bind_session(user_id=proof.user_id, session_id=session.id)
    event = SessionBegun(user_id=proof.user_id, session_id=session.id)
    await record(connection, event, address=device.address)
    ended = [SessionEnded(user_id=proof.user_id, session_id=each, reason=EndReason.DISPLACED) for each in displaced]
    for each in ended:
        await record(connection, each, address=device.address)
    return Begun(token, grant, proof.sign_in, None if account is None else account.roles, event, ended)


def _new_session(
    token: RefreshToken, proof: Proof, grant: Grant, device: Device, lifetimes: Lifetimes, now: datetime
) -> NewSession:
    code, ends_at = grant.code, now + lifetimes.session
    if code is not None and code.ends_at is not None:
        ends_at = min(ends_at, code.ends_at)
    return NewSession(
        id=token.session_id,
        user_id=proof.user_id,
        epoch=proof.session_epoch,
        secret_hash=hash_secret(token.secret),
        client_id=grant.client_id,
        scopes=list(grant.scopes),
        resources=[] if grant.audience is None else [grant.audience.identifier],
        amr=list(proof.methods),
        acr=proof.acr,
        authenticated_at=proof.proven_at,
        browser_session_id=None if code is None else code.browser_session_id,
        is_offline=grant.kind is GrantKind.OFFLINE,
        code_secret_hash=None if code is None else code.secret_hash,
        user_agent=device.user_agent,
        address=device.address,
        device_id=device.id,
        created_at=now,
        expires_at=min(now + lifetimes.refresh_idle, ends_at),
        session_expires_at=ends_at,
    )
