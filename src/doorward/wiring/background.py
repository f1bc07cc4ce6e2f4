"""Build the background tasks from the settings, and run the worker process."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Final

from doorward.core.ports import Clock
from doorward.domain.accounts.mail_budgets import MailBudgetRetention
from doorward.domain.audit.retention import AuditRetention
from doorward.domain.auth.sessions.pruning import Pruning
from doorward.domain.auth.tokens.expiry import TokenExpiry
from doorward.domain.outbox.measurement import OutboxMeasurement
from doorward.domain.outbox.retention import DeadLetterRetention
from doorward.infrastructure.postgres.database import PostgresDatabase, session_conninfo
from doorward.infrastructure.scheduler import FIRST_LOOK_SECONDS, Scheduler, Task
from doorward.observability.events import WorkerDraining, WorkerStarted
from doorward.observability.logging import flush_log, report
from doorward.settings.background import BackgroundSettings
from doorward.settings.config import Settings
from doorward.wiring.account_data import erasure_task
from doorward.wiring.database import running_database
from doorward.wiring.email_change import email_changes_task
from doorward.wiring.events_out import EventsOut, create_events_out
from doorward.wiring.housekeeping import clock_checked_task
from doorward.wiring.items import items_indexing_task
from doorward.wiring.keys import create_signing_keys, signing_keys_tasks
from doorward.wiring.mail import MailService, create_mail
from doorward.wiring.oauth import expired_codes_task
from doorward.wiring.registration_by_mail import registration_retention_task
from doorward.wiring.stopping import GRACE_SECONDS, running_together
from doorward.wiring.telemetry import Telemetry
from doorward.wiring.throttling import throttle_retention_task

PRUNING: Final = "prune"
"""Name of the task that removes old sessions."""


def pruning_task(settings: BackgroundSettings, database: PostgresDatabase, clock: Clock) -> Task:
    """Return the task that removes old sessions. It removes nothing while the clocks differ by too much."""
    pruning = Pruning(database=database, clock=clock, retention=timedelta(days=settings.session_retention_days))
    return clock_checked_task(PRUNING, pruning.prune, settings, database)


def expired_tokens_task(settings: BackgroundSettings, database: PostgresDatabase, clock: Clock) -> Task:
    """Return the task that removes expired tokens. It removes nothing while the clocks differ by too much."""
    expiry = TokenExpiry(database=database, clock=clock)
    return clock_checked_task("expired_tokens", expiry.prune, settings, database)


def audit_retention_task(settings: BackgroundSettings, database: PostgresDatabase, clock: Clock) -> Task:
    """Return the task that removes old audit events. It removes nothing while the clocks differ by too much."""
    retention = AuditRetention(database=database, clock=clock, retention=timedelta(days=settings.audit_retention_days))
    return clock_checked_task("audit_retention", retention.prune, settings, database)


def dead_letters_task(settings: BackgroundSettings, database: PostgresDatabase, clock: Clock) -> Task:
    """Return the task that removes old dead letters. It removes nothing while the clocks differ by too much."""
    retention = DeadLetterRetention(database=database, clock=clock)
    return clock_checked_task("dead_letters", retention.prune, settings, database)


def mail_budgets_task(settings: BackgroundSettings, database: PostgresDatabase, clock: Clock) -> Task:
    """Return the task that removes expired mail budgets."""
    retention = MailBudgetRetention(database=database, clock=clock)
    return Task("mail_budgets", timedelta(minutes=settings.housekeeping_interval_minutes), retention.prune)


TASKS: Final = (
    pruning_task,
    audit_retention_task,
    dead_letters_task,
    mail_budgets_task,
    throttle_retention_task,
    expired_tokens_task,
    expired_codes_task,
    erasure_task,
    registration_retention_task,
    email_changes_task,
    items_indexing_task,
)


def all_tasks(settings: Settings, database: PostgresDatabase, clock: Clock) -> list[Task]:
    """Return all tasks, including those without an interval."""
    tasks = [create(settings.background, database, clock) for create in TASKS]
    return tasks + signing_keys_tasks(settings, database, clock)


def background_tasks(settings: Settings, database: PostgresDatabase, clock: Clock) -> list[Task]:
    """Return the tasks that are enabled, which are those with an interval."""
    return [task for task in all_tasks(settings, database, clock) if task.interval]


@asynccontextmanager
async def running_background(
    database: PostgresDatabase,
    scheduler: Scheduler,
    mail: MailService,
    events_out: EventsOut,
    *,
    grace_seconds: float = 0,
) -> AsyncIterator[None]:
    """Run the tasks, deliver mail and send events to other systems within the block.

    A process that sends anything measures the outbox.
    """
    senders = [*mail.senders(), *events_out.senders()]
    if senders:
        deliveries = [*([mail.delivery] if mail.delivery else []), *events_out.deliveries()]
        senders.append(OutboxMeasurement(database=database, deliveries=deliveries).running())
    async with running_together(scheduler.running(grace_seconds=grace_seconds), *senders):
        yield


def create_scheduler(
    settings: Settings,
    database: PostgresDatabase,
    clock: Clock,
    *,
    is_worker: bool,
    first_look_seconds: float = FIRST_LOOK_SECONDS,
) -> Scheduler:
    """Return the scheduler of the enabled tasks. In the service it has none if BACKGROUND=off."""
    runs_tasks = is_worker or settings.background.background == "in_process"
    tasks = background_tasks(settings, database, clock) if runs_tasks else []
    return Scheduler(
        session_conninfo(settings.database, database.timeouts),
        tasks,
        first_look_seconds=first_look_seconds,
        timeouts=database.timeouts,
    )


async def run_worker(settings: Settings, *, first_look_seconds: float = FIRST_LOOK_SECONDS) -> None:
    """Run the background tasks until SIGTERM or SIGINT, then wait up to ``GRACE_SECONDS`` for running tasks to finish.

    A second SIGINT interrupts the process at once.
    """
    telemetry = Telemetry(settings.telemetry)
    database = PostgresDatabase(settings.database, cursor_factory=telemetry.cursor_factory)
    scheduler = create_scheduler(
        settings, database, database.clock, is_worker=True, first_look_seconds=first_look_seconds
    )
    mail = create_mail(settings, database, database.clock, delivers=True)
    signing_keys = create_signing_keys(settings, database, database.clock)
    events_out = create_events_out(settings, database, database.clock, mail.queue, signing_keys)
    async with AsyncExitStack() as stack:
        stack.callback(flush_log)
        ended = stack.enter_context(_ended_by_signals())
        await stack.enter_async_context(telemetry.running(database, hashes_waiting=lambda: 0))
        await stack.enter_async_context(running_database(database))
        if signing_keys is not None:
            await stack.enter_async_context(signing_keys.running())
        await stack.enter_async_context(
            running_background(database, scheduler, mail, events_out, grace_seconds=GRACE_SECONDS)
        )
        deliveries = [*(["mail"] if mail.delivery else []), *events_out.names]
        report(WorkerStarted(tasks=", ".join([*scheduler.task_names, *deliveries])))
        await ended.wait()
        report(WorkerDraining(seconds=GRACE_SECONDS))


@contextmanager
def _ended_by_signals() -> Iterator[asyncio.Event]:
    """Yield an event that SIGTERM and the first SIGINT set within the block. A second SIGINT interrupts the process."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def end_on_interrupt() -> None:
        ended.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGINT, end_on_interrupt)
    try:
        yield ended
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        loop.remove_signal_handler(signal.SIGINT)
