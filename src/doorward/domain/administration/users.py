"""Use cases: get, create and update a user."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from doorward.core.events import AuditedEvent
from doorward.core.ports import Clock, Database
from doorward.core.versions import VersionTest
from doorward.domain.administration.authorization import lock_actor, lock_target_user
from doorward.domain.administration.events import UserChanged
from doorward.domain.administration.exceptions import ExternalIdTakenError, StaleUserError
from doorward.domain.administration.models import UNSET, Actor, AdministeredUser, NewUser, TargetUser, UserChanges
from doorward.domain.administration.policy import (
    checked_external_id,
    checked_locale,
    checked_roles,
    require_scopes_within,
    union_of_scopes,
)
from doorward.domain.administration.ports import AccountChanges
from doorward.domain.administration.repositories import Connection, users
from doorward.domain.audit.recording import record
from doorward.domain.auth.exceptions import UserNotFoundError
from doorward.domain.auth.models import Standing, User
from doorward.domain.auth.passwords.stored_passwords import Passwords
from doorward.domain.auth.ports import NO_CLIENT, Client
from doorward.domain.auth.roles import lock_roles, replace_roles
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.auth.users.identifiers import EmailAddress, read_new_email, read_new_username
from doorward.domain.auth.users.new_account import add_account
from doorward.domain.auth.users.registration import RegistrationRules
from doorward.observability.logging import report


class Users:
    """Get, create and update users, within the rights of the actor."""

    def __init__(
        self,
        *,
        database: Database[Connection],
        clock: Clock,
        passwords: Passwords,
        accounts: AccountChanges,
        rules: RegistrationRules,
    ) -> None:
        """Take the services, and the rules for names and addresses."""
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._accounts = accounts
        self._rules = rules

    async def get(self, user_id: UUID, is_expected: VersionTest) -> AdministeredUser:
        """Return a user if the version is expected. Raises ``UserNotFoundError`` and ``StaleUserError``."""
        async with self._database.connection() as connection:
            user = await users.find_user(connection, user_id)
        if user is None:
            raise UserNotFoundError
        if not is_expected(user.version):
            raise StaleUserError
        return user

    async def create(self, actor: Actor, new: NewUser, *, client: Client = NO_CLIENT) -> AdministeredUser:
        """Create a user with a password, regardless of the registration mode; the address is not verified yet.

        Raises the refusals of sign-up for address, name and password, ``EmailTakenError``, ``UsernameTakenError``,
        ``InvalidLocaleError``, ``InvalidExternalIdError``, ``ExternalIdTakenError``, ``UnknownRoleError``,
        ``TooManyRolesOfUserError``, and what ``lock_actor`` raises.
        """
        address = self._read_email(new.email)
        name = read_new_username(new.username, reserved=self._rules.reserved_usernames)
        extras = _checked_extras(UserChanges(locale=new.locale or UNSET, external_id=new.external_id or UNSET))
        wanted = checked_roles(new.roles)
        await self._passwords.check_new(new.password, username=name, email=address.key)
        password_hash = await self._passwords.hash_new(new.password, client=client, account=address.key)
        user, now = User(uuid4(), address.shown, name, is_active=True), self._clock.now()
        async with self._database.transaction() as connection:
            own = await lock_actor(connection, actor, AdminScope.USERS_WRITE, now=now)
            known = await lock_roles(connection, wanted=wanted)
            require_scopes_within(own, union_of_scopes(known.values()))
            registered = await add_account(
                connection, user, email_key=address.key, password_hash=password_hash, verified_at=None, address=None
            )
            standing = Standing(user.id, is_active=True, roles=(), scopes=())
            granted = await replace_roles(connection, standing, wanted, known)
            stored = await _store_extras(connection, user.id, extras)
            await self._accounts.queue_verification_mail(connection, user.id, now=now)
            created = await users.find_user(connection, user.id)
        _report([registered, *granted, *stored])
        return _present(created)

    async def update(
        self, actor: Actor, user_id: UUID, changes: UserChanges, is_expected: VersionTest
    ) -> AdministeredUser:
        """Change the given fields of a user, whose scopes before and after the change must lie within the actor's.

        A new address is not verified, and ends all sessions of the user. Raises the refusals of sign-up for address and
        name, ``EmailTakenError``, ``UsernameTakenError``, ``InvalidLocaleError``, ``InvalidExternalIdError``,
        ``ExternalIdTakenError``, ``UnknownRoleError``, ``TooManyRolesOfUserError``, ``LastAdministratorError``,
        ``StaleUserError``, and what ``lock_target_user`` raises.
        """
        address = None if changes.email is None else self._read_email(changes.email)
        name = (
            None
            if changes.username is None
            else read_new_username(changes.username, reserved=self._rules.reserved_usernames)
        )
        extras, now = _checked_extras(changes), self._clock.now()
        async with self._database.transaction() as connection:
            target, own = await lock_target_user(connection, actor, user_id, AdminScope.USERS_WRITE, now=now)
            if not is_expected(target.version):
                raise StaleUserError
            events = await _replace_roles(connection, target, own, changes.roles)
            if name is not None and name != target.username:
                events += await self._accounts.rename(connection, user_id, name)
            if address is not None and address.shown != target.email:
                events += await self._accounts.replace_email(connection, user_id, address, now=now)
            events += await _store_extras(connection, user_id, extras)
            changed = await users.find_user(connection, user_id)
        _report(events)
        return _present(changed)

    def _read_email(self, email: str) -> EmailAddress:
        return read_new_email(email, allows_special_domains=self._rules.allows_special_domains)


async def _replace_roles(
    connection: Connection, target: TargetUser, own: frozenset[str], wanted: Sequence[str] | None
) -> list[AuditedEvent]:
    if wanted is None:
        return []
    names = checked_roles(wanted)
    known = await lock_roles(connection, wanted=names, held=target.roles)
    require_scopes_within(own, union_of_scopes(known[name] for name in names))
    return [*await replace_roles(connection, target, names, known)]


def _checked_extras(changes: UserChanges) -> UserChanges:
    """Return the changes if their locale and external id are valid."""
    if isinstance(changes.locale, str):
        checked_locale(changes.locale)
    if isinstance(changes.external_id, str):
        checked_external_id(changes.external_id)
    return changes


async def _store_extras(connection: Connection, user_id: UUID, changes: UserChanges) -> Sequence[AuditedEvent]:
    events: list[AuditedEvent] = []
    if changes.locale is not UNSET:
        await users.update_locale(connection, user_id, changes.locale)
        events.append(UserChanged(user_id=user_id, field="locale"))
    if changes.external_id is not UNSET:
        if not await users.update_external_id(connection, user_id, changes.external_id):
            raise ExternalIdTakenError
        events.append(UserChanged(user_id=user_id, field="external_id"))
    for event in events:
        await record(connection, event)
    return events


def _report(events: Sequence[AuditedEvent]) -> None:
    for event in events:
        report(event)


def _present(user: AdministeredUser | None) -> AdministeredUser:
    """Return the user, which the transaction has found and locked before."""
    if user is None:
        raise UserNotFoundError
    return user
