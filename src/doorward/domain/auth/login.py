"""Use case: password login."""

from typing import Literal
from uuid import UUID

from doorward.core.ports import Clock, Database
from doorward.domain.auth.admission import RefusalReason, Refuse
from doorward.domain.auth.begin import begin_session
from doorward.domain.auth.devices import AddressDetail, describe_device
from doorward.domain.auth.events import LoginFailed
from doorward.domain.auth.exceptions import InvalidCredentialsError, InvalidEmailError, InvalidUsernameError
from doorward.domain.auth.identifiers import canonical_email, canonical_username, is_email
from doorward.domain.auth.models import FIRST_PARTY, Credentials, Device, Proof, TokenPair
from doorward.domain.auth.policy import MAXIMUM_TYPED_LENGTH, Lifetimes, is_unicode_text
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordHasher
from doorward.domain.auth.repositories import Connection, users
from doorward.domain.auth.token_pair import TokenPairIssuer
from doorward.observability.logging import report

PASSWORD_METHODS = ("pwd",)
"""``amr`` of a password login (RFC 8176 section 2)."""


class Login:
    """Turns a name and a password into a session."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        hasher: PasswordHasher,
        issuer: TokenPairIssuer,
        clock: Clock,
        lifetimes: Lifetimes,
        address_detail: AddressDetail,
    ) -> None:
        """Take the database, the hasher, the issuer of tokens, the time, the limits, and what addresses may show."""
        self._database = database
        self._hasher = hasher
        self._issuer = issuer
        self._clock = clock
        self._lifetimes = lifetimes
        self._address_detail: AddressDetail = address_detail

    async def login(
        self, *, name: str, password: str, client: Client = NO_CLIENT, user_agent: str | None = None
    ) -> TokenPair:
        """Begin a session, committed when this returns.

        ``name`` is a user name or an e-mail address in any spelling; ``client`` decides when the password is checked.
        An attacker must not learn whether the account exists, is active, or how old its hash is: all refusals are one
        ``InvalidCredentialsError`` after the same work, little more than one hash at the current cost. An outdated
        hash is replaced in the same transaction.
        """
        identifier = _canonical(name)
        credentials = await self._find_credentials(identifier) if identifier else None
        checkable = len(password) <= MAXIMUM_TYPED_LENGTH and is_unicode_text(password)
        # The right password of an inactive user costs what a wrong one does: no upgrade, no further query.
        stored_hash = credentials.password_hash if credentials and credentials.is_active and checkable else None
        check = await self._hasher.check(
            password if checkable else "", stored_hash, client=client, account=identifier or ""
        )
        if credentials is None:
            raise _refusal(RefusalReason.UNKNOWN_USER)
        if not check.is_correct:
            raise _refusal(
                "wrong_password" if credentials.is_active else RefusalReason.INACTIVE_USER, credentials.user_id
            )
        device = describe_device(user_agent, client.address, self._address_detail)
        return await self._begin(credentials, device, check.upgraded_hash)

    async def _find_credentials(self, identifier: str) -> Credentials | None:
        async with self._database.connection() as connection:
            return await users.find_credentials(connection, identifier)

    async def _begin(self, credentials: Credentials, device: Device, upgraded_hash: str | None) -> TokenPair:
        now, user_id = self._clock.now(), credentials.user_id
        proof = Proof(user_id, PASSWORD_METHODS, acr=1, proven_at=now, session_epoch=credentials.session_epoch)
        async with self._database.transaction() as connection:
            begun = await begin_session(connection, proof, FIRST_PARTY, device, lifetimes=self._lifetimes, now=now)
            if upgraded_hash is not None and not isinstance(begun, Refuse):
                old = credentials.password_hash
                await users.replace_password_hash(connection, user_id, old=old, new=upgraded_hash)
        if isinstance(begun, Refuse):
            raise _refusal(begun.reason, user_id)
        report(begun.event)
        grant = begun.grant
        return self._issuer.issue(begun.token, user_id=user_id, client_id=grant.client_id, scopes=grant.scopes, now=now)


def _canonical(name: str) -> str | None:
    """Return the one spelling of a user name or an e-mail address; None for what is neither."""
    try:
        return canonical_email(name) if is_email(name) else canonical_username(name)
    except (InvalidEmailError, InvalidUsernameError):
        return None


def _refusal(reason: RefusalReason | Literal["wrong_password"], user_id: UUID | None = None) -> InvalidCredentialsError:
    """Log for the operator what the caller is not told, and return the one refusal."""
    report(LoginFailed(reason=reason, target_user_id=user_id))
    return InvalidCredentialsError()
