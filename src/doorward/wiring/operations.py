"""The operations behind the operator's commands. Each opens its own database and closes it."""

import os
import pwd
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from uuid import UUID

import psycopg

from doorward.api.administration_services import AdministrationServices, WebhookServices
from doorward.api.oauth_services import OAuthServices
from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.domain.administration.exporting.user_export import UserExport
from doorward.domain.administration.importing.user_import import UserImport
from doorward.domain.administration.models import OPERATOR
from doorward.domain.auth.sessions.ending_of_all import SessionEnding
from doorward.domain.auth.users.accounts import Accounts
from doorward.domain.items.importing import ItemImport
from doorward.domain.keys.changes import KeyChanges
from doorward.domain.keys.exceptions import KeysNotInUseError
from doorward.domain.keys.resealing import KeyResealing
from doorward.domain.mfa.resealing import TotpResealing
from doorward.domain.outbox.resealing import OutboxResealing, Resealed
from doorward.domain.outbox.unsubscribing import unsubscribe
from doorward.domain.webhooks.dead_letters import DeadLetters
from doorward.domain.webhooks.exceptions import WebhooksNotEnabledError
from doorward.domain.webhooks.models import DeadLetter
from doorward.domain.webhooks.resealing import WebhookResealing
from doorward.infrastructure.clock import HostClock
from doorward.infrastructure.passwords import BcryptHasher
from doorward.infrastructure.postgres.clock_watch import ClocksDifferError
from doorward.infrastructure.postgres.database import BULK_SECONDS, PostgresDatabase, session_conninfo
from doorward.infrastructure.scheduler import TaskRunner
from doorward.observability.request_context import begin_request
from doorward.settings.config import Settings
from doorward.settings.database import DatabaseSettings
from doorward.wiring.administration import create_administration
from doorward.wiring.background import PRUNING, all_tasks
from doorward.wiring.events_out import create_webhooks
from doorward.wiring.foundation import Foundation
from doorward.wiring.keys import create_key_changes, create_signing_keys
from doorward.wiring.mail import create_mail, create_sealer
from doorward.wiring.oauth import create_oauth
from doorward.wiring.registration import registration_rules
from doorward.wiring.user_files import create_user_export, create_user_import


@frozen
class PruneResult:
    """The number of removed sessions, None if another process is removing them; and the tasks that others run."""

    removed_sessions: int | None
    run_elsewhere: Sequence[str]


async def prune(settings: Settings, host: HostClock | None = None) -> PruneResult:
    """Run all background tasks now, one after another. If one fails, the others still run.

    Raises the first failure: ``ClocksDifferError``, ``psycopg.Error``, ``DomainError``.
    """
    failures: list[Exception] = []
    done: dict[str, int | None] = {}
    async with _opened(settings.database, host=host) as database:
        for task in all_tasks(settings, database, database.clock):
            try:
                done[task.name] = await TaskRunner(session_conninfo(settings.database), task).run(only_if_due=False)
            except (ClocksDifferError, DomainError, psycopg.Error) as error:
                failures.append(error)
    if failures:
        raise failures[0]
    return PruneResult(done[PRUNING], [name for name, count in done.items() if count is None])


async def end_all_sessions(settings: DatabaseSettings) -> int:
    """End every session; return the number of ended sessions."""
    async with _opened(settings) as database:
        return await SessionEnding(database=database, clock=database.clock).end_all()


async def reseal(settings: Settings) -> Resealed:
    """Encrypt stored payloads and secrets again if they are not under the first key; return their number.

    Raises ``ImportError`` without the package that encrypts.
    """
    sealer = create_sealer(settings)
    async with _opened(settings.database) as database:
        mails = await OutboxResealing(database=database, sealer=sealer).reseal()
        of_webhooks = await WebhookResealing(database=database, clock=database.clock, sealer=sealer).reseal()
        of_keys = await KeyResealing(database=database, sealer=sealer).reseal()
        of_totp = await TotpResealing(database=database, sealer=sealer).reseal()
    resealed, unreadable = (sum(counts) for counts in zip(of_webhooks, of_keys, of_totp, strict=True))
    return Resealed(mails.resealed + resealed, mails.unreadable + unreadable)


async def prepare_signing_keys(settings: Settings) -> None:
    """Create the first signing keys if there are none, and check that all can be opened, if the provider is on.

    Raises ``SigningKeysUnreadableError``, ``ImportError`` without the extra ``doorward[oauth]``.
    """
    if settings.browsers.provider_issuer is None:
        return
    async with _opened(settings.database) as database:
        signing_keys = create_signing_keys(settings, database, database.clock)
        if signing_keys is not None:
            await signing_keys.open()


@asynccontextmanager
async def opened_keys(settings: Settings) -> AsyncIterator[KeyChanges]:
    """Yield the use cases of signing keys.

    Raises ``KeysNotInUseError``, ``ImportError`` without the extra ``doorward[oauth]``.
    """
    if settings.browsers.provider_issuer is None:
        raise KeysNotInUseError
    async with _opened(settings.database) as database:
        yield create_key_changes(settings, database, database.clock)


@asynccontextmanager
async def opened_item_import(settings: DatabaseSettings, *, seconds: int) -> AsyncIterator[tuple[Accounts, ItemImport]]:
    """Yield the use cases of an import of items from a shell. Storing the file may take up to ``seconds``."""
    async with _opened(settings, bulk_seconds=seconds) as database:
        with database.bulk_slot():
            yield Accounts(database=database), ItemImport(database=database, clock=database.clock, seconds=seconds)


@asynccontextmanager
async def opened_administration(settings: Settings) -> AsyncIterator[AdministrationServices]:
    """Yield the use cases of administration. Raises ``ImportError`` if mail is configured without its extra."""
    async with _opened(settings.database) as database:
        mails = create_mail(settings, database, database.clock, delivers=False).queue
        hasher = BcryptHasher(rounds=settings.passwords.bcrypt_rounds, threads=1)
        with closing(hasher):
            base = Foundation(settings, database, hasher, database.clock, mails)
            yield create_administration(base, registration_rules(settings))


@asynccontextmanager
async def opened_user_import(settings: Settings, *, seconds: int) -> AsyncIterator[UserImport]:
    """Yield the import of users. Each of its transactions may take up to ``seconds``; a dry run is one transaction."""
    async with _opened(settings.database, bulk_seconds=seconds) as database:
        with database.bulk_slot():
            yield create_user_import(settings.hashes, database, database.clock)


@asynccontextmanager
async def opened_user_export(settings: DatabaseSettings, *, seconds: int) -> AsyncIterator[UserExport]:
    """Yield the export of users, which may take up to ``seconds``."""
    async with _opened(settings, bulk_seconds=seconds) as database:
        yield create_user_export(database, database.clock)


@asynccontextmanager
async def opened_webhooks(settings: Settings) -> AsyncIterator[WebhookServices]:
    """Yield the use cases of webhooks. Raises ``WebhooksNotEnabledError``."""
    if not settings.outgoing.webhooks_enabled:
        raise WebhooksNotEnabledError
    async with _opened(settings.database) as database:
        yield create_webhooks(settings, database, database.clock)


@asynccontextmanager
async def opened_oauth(settings: Settings) -> AsyncIterator[OAuthServices]:
    """Yield the use cases of OAuth clients and resources."""
    async with _opened(settings.database) as database:
        yield create_oauth(settings, database, database.clock)


async def list_dead_letters(settings: DatabaseSettings, webhook_id: UUID | None, limit: int) -> Sequence[DeadLetter]:
    """Return dead letters, newest first."""
    async with _opened(settings) as database:
        return await DeadLetters(database=database, clock=database.clock).list(
            endpoint_id=webhook_id, before=None, limit=limit
        )


async def retry_dead_letters(settings: DatabaseSettings, number: int | None, webhook_id: UUID | None) -> int:
    """Retry one dead letter, or all of a webhook; return the number of retried ones.

    Raises ``DeadLetterNotFoundError``, ``WebhookNotFoundError``, ``WebhookDisabledError``.
    """
    async with _opened(settings) as database:
        letters = DeadLetters(database=database, clock=database.clock)
        if webhook_id is not None:
            return await letters.retry_all(OPERATOR, webhook_id)
        await letters.retry(OPERATOR, number or 0)
        return 1


async def unsubscribe_broker(settings: DatabaseSettings) -> int:
    """Stop storing messages for the broker, and remove the unsent ones; return the number of removed messages."""
    async with _opened(settings) as database:
        return await unsubscribe(database)


@asynccontextmanager
async def _opened(
    settings: DatabaseSettings, *, bulk_seconds: int = BULK_SECONDS, host: HostClock | None = None
) -> AsyncIterator[PostgresDatabase]:
    begin_request(actor=f"operator:{_operator()}")
    database = PostgresDatabase(settings, bulk_seconds=bulk_seconds, host=host)
    await database.open()
    try:
        await database.measure_clock()
        yield database
    finally:
        await database.close()


def _operator() -> str:
    """Return the name of the operating system's user, or the user id if it has no name, as in some containers.

    Environment variables are not used: with LOGNAME, a user could put another name into the audit log.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
