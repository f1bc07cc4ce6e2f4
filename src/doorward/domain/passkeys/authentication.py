"""Use case: sign in with a passkey alone. No user name is typed: the passkey identifies its owner."""

from datetime import datetime
from functools import partial
from typing import Final

from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.auth.devices.device_token import DeviceToken
from doorward.domain.auth.devices.known_devices import KnownDevices
from doorward.domain.auth.login.blocked_logins import BlockedLogins
from doorward.domain.auth.login.completion import SEVERAL_FACTORS
from doorward.domain.auth.login.login_sessions import BeginLogin, BegunLogin, BegunT, LoginSessions, place_of
from doorward.domain.auth.models import Credentials, Device, LoggedIn, Proof
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.sessions.admission import (
    ERRORS_SHOWN_TO_OWNER,
    TWO_KINDS,
    RefusalReason,
    Refuse,
    SecondFactorDue,
)
from doorward.domain.auth.sessions.browser_session import BrowserStay
from doorward.domain.auth.sessions.browser_sessions import SignedIn
from doorward.domain.auth.sessions.grants import FIRST_PARTY
from doorward.domain.auth.tokens.sealed_tokens import SealedKind
from doorward.domain.passkeys.challenges import Challenges
from doorward.domain.passkeys.exceptions import UnknownPasskeyError
from doorward.domain.passkeys.models import AssertionResponse, RelyingParty, RequestOptions
from doorward.domain.passkeys.policy import CEREMONY_MILLISECONDS, VERIFIED_POSSESSION
from doorward.domain.passkeys.proofs import PasskeyProofs, ShownPasskey, refused
from doorward.domain.passkeys.repository import Connection

PASSKEY_METHODS: Final = (*VERIFIED_POSSESSION, SEVERAL_FACTORS)
"""The ``amr`` of a login by a passkey with user verification: the device, and a PIN or biometrics (RFC 8176)."""


@frozen
class _Shown:
    """A passkey with a valid signature, its owner, and the device that sent it."""

    passkey: ShownPasskey
    owner: Credentials
    device: Device
    known: DeviceToken | None


class PasskeyLogin:
    """Begins sessions for passkeys."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        challenges: Challenges,
        proofs: PasskeyProofs,
        sessions: LoginSessions,
        devices: KnownDevices,
        blocked_logins: BlockedLogins,
        relying_party: RelyingParty,
    ) -> None:
        """Use ``blocked_logins`` for a valid passkey whose owner may not begin a session."""
        self._database = database
        self._clock = clock
        self._challenges = challenges
        self._proofs = proofs
        self._sessions = sessions
        self._devices = devices
        self._blocked_logins = blocked_logins
        self._relying_party = relying_party

    def options(self) -> RequestOptions:
        """Return the options for a login, the same for every caller except for the challenge. Nothing is stored."""
        return RequestOptions(
            challenge=self._challenges.issue(SealedKind.PASSKEY_LOGIN),
            relying_party_id=self._relying_party.id,
            allowed=(),
            requires_user_verification=True,
            timeout_milliseconds=CEREMONY_MILLISECONDS,
        )

    async def login(
        self,
        response: AssertionResponse,
        *,
        client: Client = NO_CLIENT,
        user_agent: str | None = None,
        device_token: str | None = None,
    ) -> LoggedIn:
        """Begin a session, committed when this returns. The authenticator must have verified its user.

        Failed attempts are not counted: there is nothing to guess, and attempts of others must not lock the owner out.
        All refusals are the same ``InvalidPasskeyError``, except ``UnknownPasskeyError``, and with a valid signature
        ``DeletionPendingError``, ``EmailNotVerifiedError`` and ``PasswordChangeRequiredError``, as with the password. A
        counter that decreased suspends the passkey, and its owner is notified by mail. Raises
        ``ServiceUnavailableError`` before any check while the access token cannot be signed.
        """
        now = self._clock.now()
        self._sessions.require_signing_key(None, now)
        shown = await self._verify(response, client, user_agent, device_token)
        begun = await self._begin(shown, partial(self._sessions.begin, grant=FIRST_PARTY), now)
        return self._sessions.finish(begun, now=now)

    async def sign_in(
        self,
        response: AssertionResponse,
        *,
        stay: BrowserStay,
        client: Client = NO_CLIENT,
        user_agent: str | None = None,
        device_token: str | None = None,
    ) -> SignedIn:
        """Begin the session of a browser; otherwise like ``login``, with the same refusals."""
        shown = await self._verify(response, client, user_agent, device_token)
        begin = partial(self._sessions.begin_in_browser, stay=stay)
        return self._sessions.finish_in_browser(await self._begin(shown, begin, self._clock.now()))

    async def _verify(
        self, response: AssertionResponse, client: Client, user_agent: str | None, device_token: str | None
    ) -> _Shown:
        now = self._clock.now()
        challenge = self._proofs.read_challenge(response, SealedKind.PASSKEY_LOGIN)
        known, device = self._devices.read(device_token), self._sessions.describe(client, user_agent)
        async with self._database.connection() as connection:
            credential = await self._proofs.get(connection, response)
            owner = await self._sessions.find_credentials(connection, credential.user_id, known, device, now=now)
        if owner is None:
            # The account was deleted between the two queries, and its passkeys with it.
            raise UnknownPasskeyError
        passkey = self._proofs.verify(response, challenge, credential, requires_user_verification=True)
        return _Shown(passkey, owner, device, known)

    async def _begin(self, shown: _Shown, begin: BeginLogin[BegunT], now: datetime) -> BegunLogin[BegunT]:
        owner = shown.owner
        proof = Proof(owner.user_id, PASSKEY_METHODS, TWO_KINDS, proven_at=now, session_epoch=owner.session_epoch)
        place = place_of(owner, shown.known, shown.device)
        async with self._database.transaction() as connection:
            account = await self._sessions.lock(connection, owner.user_id)
            refusal = await self._proofs.consume(connection, shown.passkey, now=now)
            if refusal is None:
                login = await begin(connection, account, proof, place=place, now=now)
                if _reason_of(login) is RefusalReason.EMAIL_NOT_VERIFIED:
                    await self._blocked_logins.ask_for_verification(connection, owner.user_id, now=now)
        if refusal is not None:
            raise refusal.reported()
        if isinstance(login, BegunLogin):
            return login
        raise self._refusal_of(owner, _reason_of(login), now)

    def _refusal_of(self, owner: Credentials, reason: RefusalReason | None, now: datetime) -> DomainError:
        """Return the refusal of a valid passkey whose owner may begin no session."""
        refusal = refused("account", owner.user_id)
        if owner.deletes_at is not None and reason is RefusalReason.INACTIVE_USER:
            return self._blocked_logins.offer_restoration(
                owner.user_id, epoch=owner.session_epoch, deletes_at=owner.deletes_at, now=now
            )
        told = None if reason is None else ERRORS_SHOWN_TO_OWNER.get(reason)
        return refusal if told is None else told()


def _reason_of(login: BegunLogin[BegunT] | SecondFactorDue | Refuse) -> RefusalReason | None:
    return login.reason if isinstance(login, Refuse) else None
