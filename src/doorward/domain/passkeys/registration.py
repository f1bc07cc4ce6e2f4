"""Use case: a signed-in user registers a passkey."""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import Literal
from uuid import uuid4

from doorward.core.frozen import frozen
from doorward.core.ports import Clock, Database
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import EmailNotVerifiedError
from doorward.domain.auth.models import LockedAccount
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.sessions.acting_session import lock_acting_session
from doorward.domain.auth.sessions.continuation import SessionCredentials
from doorward.domain.auth.tokens.sealed_tokens import SealedKind, SealedToken
from doorward.domain.passkeys import repository
from doorward.domain.passkeys.challenges import ChallengeRefusedError, Challenges
from doorward.domain.passkeys.changes import Change, PasskeyChanges
from doorward.domain.passkeys.events import PasskeyAdded, PasskeyRegistrationRefused
from doorward.domain.passkeys.exceptions import (
    PasskeyExistsError,
    PasskeyRegistrationRefusedError,
    TooManyPasskeysError,
)
from doorward.domain.passkeys.models import (
    CreatedCredential,
    CreationOptions,
    CreationResponse,
    NewPasskey,
    Passkey,
    RelyingParty,
)
from doorward.domain.passkeys.policy import CEREMONY_MILLISECONDS, MAXIMUM_PASSKEYS, clean_name, known_transports
from doorward.domain.passkeys.ports import Ceremonies, CeremonyFailedError
from doorward.domain.passkeys.repository import Connection
from doorward.observability.logging import report


@frozen
class AddedPasskey:
    """A registered passkey, and the session that replaces the acting one."""

    passkey: Passkey
    login: SessionCredentials
    recovery_codes: Sequence[str] = field(repr=False)
    """The codes of a user who had no second factor before, shown only once; empty for others."""


class PasskeyRegistration:
    """Registers passkeys."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        challenges: Challenges,
        ceremonies: Ceremonies,
        changes: PasskeyChanges,
        relying_party: RelyingParty,
    ) -> None:
        self._database = database
        self._clock = clock
        self._challenges = challenges
        self._ceremonies = ceremonies
        self._changes = changes
        self._relying_party = relying_party

    async def options(self, caller: Caller) -> CreationOptions:
        """Return the options with which a browser creates a credential. Nothing is stored.

        The caller must have re-authenticated recently. Raises ``EmailNotVerifiedError``, because an account registered
        with another person's address must get no passkey, ``TooManyPasskeysError``, and ``InvalidAccessTokenError`` if
        the session has ended meanwhile.
        """
        user, now = caller.user, self._clock.now()
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=now)
            passkeys = await repository.list_passkeys(connection, user.id)
        self._check(account, passkeys)
        return CreationOptions(
            challenge=self._challenges.issue(
                SealedKind.PASSKEY_REGISTRATION, user_id=user.id, epoch=account.session_epoch
            ),
            relying_party=self._relying_party,
            user_handle=user.id.bytes,
            user_name=user.email or user.username,
            user_display_name=user.username,
            excluded=[each for each in passkeys if each.relying_party_id == self._relying_party.id],
            timeout_milliseconds=CEREMONY_MILLISECONDS,
        )

    async def register(
        self,
        caller: Caller,
        response: CreationResponse,
        name: str,
        *,
        client: Client = NO_CLIENT,
        user_agent: str | None = None,
    ) -> AddedPasskey:
        """Store the passkey, committed when this returns. All sessions end; the result has the tokens of a new one.

        The caller must have re-authenticated recently. From then on the account has a second factor. Raises
        ``InvalidPasskeyNameError``, ``PasskeyRegistrationRefusedError``, ``PasskeyExistsError``, what ``options``
        raises, and ``ServiceUnavailableError`` while the tokens cannot be signed.
        """
        now, cleaned = self._clock.now(), clean_name(name)
        self._changes.require_signing_key(caller, now)
        challenge, token = self._read_challenge(caller, response)
        try:
            created = self._ceremonies.verify_creation(response, challenge=challenge, relying_party=self._relying_party)
        except CeremonyFailedError as error:
            raise _refused("response") from error
        passkey = self._new_passkey(caller, created, cleaned, response.transports, now)
        device = self._changes.describe(client, user_agent)
        event = PasskeyAdded(user_id=caller.user.id, session_id=caller.session_id, passkey_id=passkey.id)
        async with self._database.transaction() as connection:
            account = await lock_acting_session(connection, caller, now=now)
            await self._store(connection, account, passkey, token)
            made, continued = await self._changes.add(connection, Change(caller, event, device, now), account)
        report(event)
        if made is not None:
            report(made.event)
        codes = () if made is None else made.codes
        return AddedPasskey(_as_seen(passkey), self._changes.finish(continued, now=now), codes)

    def _read_challenge(self, caller: Caller, response: CreationResponse) -> tuple[bytes, SealedToken]:
        try:
            challenge, token = self._challenges.read(response.client_data, SealedKind.PASSKEY_REGISTRATION)
        except ChallengeRefusedError as error:
            raise _refused("challenge") from error
        if token.user_id != caller.user.id:
            raise _refused("challenge")
        return challenge, token

    def _new_passkey(
        self, caller: Caller, created: CreatedCredential, name: str, transports: Sequence[str], now: datetime
    ) -> NewPasskey:
        return NewPasskey(
            id=uuid4(),
            user_id=caller.user.id,
            credential_id=created.credential_id,
            public_key=created.public_key,
            sign_count=created.sign_count,
            relying_party_id=self._relying_party.id,
            name=name,
            transports=known_transports(transports),
            is_backup_eligible=created.is_backup_eligible,
            is_backed_up=created.is_backed_up,
            created_at=now,
        )

    async def _store(
        self, connection: Connection, account: LockedAccount, passkey: NewPasskey, token: SealedToken
    ) -> None:
        """Store the passkey of the user, whose row is locked.

        A refusal rolls back, so that the challenge stays valid.
        """
        if token.epoch != account.session_epoch:
            raise _refused("outdated")
        if not await self._challenges.consume(connection, token):
            raise _refused("repeated")
        self._check(account, await repository.list_passkeys(connection, passkey.user_id))
        if not await repository.add_passkey(connection, passkey):
            raise PasskeyExistsError

    def _check(self, account: LockedAccount, passkeys: Sequence[Passkey]) -> None:
        if self._changes.requires_verified_address and not account.is_verified:
            raise EmailNotVerifiedError
        if len(passkeys) >= MAXIMUM_PASSKEYS:
            raise TooManyPasskeysError


def _refused(reason: Literal["challenge", "repeated", "outdated", "response"]) -> PasskeyRegistrationRefusedError:
    """Log the reason for the operator, and return the error that does not reveal it."""
    report(PasskeyRegistrationRefused(reason=reason))
    return PasskeyRegistrationRefusedError()


def _as_seen(passkey: NewPasskey) -> Passkey:
    return Passkey(
        id=passkey.id,
        credential_id=passkey.credential_id,
        relying_party_id=passkey.relying_party_id,
        name=passkey.name,
        transports=passkey.transports,
        is_backed_up=passkey.is_backed_up,
        created_at=passkey.created_at,
        last_used_at=None,
        suspended_at=None,
    )
