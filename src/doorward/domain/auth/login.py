"""Use case: password login."""

import secrets
from uuid import UUID, uuid4

from doorward.core.ports import Clock, Database
from doorward.domain.auth import repository
from doorward.domain.auth.exceptions import InvalidCredentialsError, InvalidEmailError, InvalidUsernameError
from doorward.domain.auth.identifiers import canonical_email, canonical_username, is_email
from doorward.domain.auth.models import NewFamily, StoredCredentials, TokenPair
from doorward.domain.auth.policy import MAXIMUM_TYPED_LENGTH, Lifetimes, is_unicode_text
from doorward.domain.auth.ports import NO_CLIENT, Client, PasswordHasher
from doorward.domain.auth.refresh_token import SECRET_BYTES, RefreshToken, hash_secret
from doorward.domain.auth.token_pair import TokenPairIssuer
from doorward.observability.logging import get_logger
from doorward.observability.request_context import bind_session

logger = get_logger()


class Login:
    """Turns a name and a password into a session."""

    def __init__(
        self,
        *,
        database: Database[repository.Connection],
        hasher: PasswordHasher,
        issuer: TokenPairIssuer,
        clock: Clock,
        lifetimes: Lifetimes,
    ) -> None:
        """Take the database, the password hasher, the issuer of tokens, the time, and the session's limits."""
        self._database = database
        self._hasher = hasher
        self._issuer = issuer
        self._clock = clock
        self._lifetimes = lifetimes

    async def login(self, *, name: str, password: str, client: Client = NO_CLIENT) -> TokenPair:
        """Begin a session: a family of its own, committed when this returns.

        ``name`` is a user name or an e-mail address in any spelling; ``client`` decides when the password is checked.
        An attacker must not learn whether the account exists, is active, or how old its hash is: all refusals are one
        ``InvalidCredentialsError`` after the same work, little more than one hash at the current cost. An outdated
        hash is replaced in the same transaction.
        """
        identifier = _canonical(name)
        credentials = await self._find_credentials(identifier) if identifier else None
        checkable = len(password) <= MAXIMUM_TYPED_LENGTH and is_unicode_text(password)
        # A deactivated user's right password costs what a wrong one does: no upgrade, no further query.
        stored_hash = credentials.password_hash if credentials and credentials.is_active and checkable else None
        check = await self._hasher.check(
            password if checkable else "", stored_hash, client=client, account=identifier or ""
        )
        if credentials is None:
            _report_failure("unknown_user")
            raise InvalidCredentialsError
        if not check.is_correct:
            _report_failure("wrong_password" if credentials.is_active else "inactive_user", credentials.user_id)
            raise InvalidCredentialsError
        return await self._begin_session(credentials, check.upgraded_hash)

    async def _find_credentials(self, identifier: str) -> StoredCredentials | None:
        async with self._database.connection() as connection:
            return await repository.find_credentials(connection, identifier)

    async def _begin_session(self, credentials: StoredCredentials, upgraded_hash: str | None) -> TokenPair:
        now = self._clock.now()
        token = RefreshToken(family_id=uuid4(), generation=0, secret=secrets.token_bytes(SECRET_BYTES))
        family = NewFamily(
            id=token.family_id,
            user_id=credentials.user_id,
            secret_hash=hash_secret(token.secret),
            created_at=now,
            expires_at=now + min(self._lifetimes.refresh_idle, self._lifetimes.session),
            session_expires_at=now + self._lifetimes.session,
        )
        async with self._database.transaction() as connection:
            user_is_active = await repository.lock_active_user(connection, credentials.user_id)
            if user_is_active:
                await repository.add_family(connection, family)
                if upgraded_hash is not None:
                    await repository.update_password_hash(
                        connection, credentials.user_id, old=credentials.password_hash, new=upgraded_hash
                    )
        if not user_is_active:
            _report_failure("inactive_user", credentials.user_id)
            raise InvalidCredentialsError
        bind_session(user_id=credentials.user_id, session_id=family.id)
        logger.info("auth.login.succeeded", outcome="success")
        return self._issuer.issue(user_id=credentials.user_id, refresh_token=token, now=now)


def _canonical(name: str) -> str | None:
    """Return the one spelling of a user name or an e-mail address; None for what is neither."""
    try:
        return canonical_email(name) if is_email(name) else canonical_username(name)
    except (InvalidEmailError, InvalidUsernameError):
        return None


def _report_failure(reason: str, user_id: UUID | None = None) -> None:
    """Tell the operator what the caller is not told."""
    target = str(user_id) if user_id else None
    logger.info("auth.login.failed", outcome="failure", reason=reason, target_user_id=target)
