"""The composition root: from settings to the wired application. The only place that knows every class."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Literal

from fastapi import FastAPI

from doorward.api.app import Services, create_app
from doorward.api.budgets import CallsInFlight, RefusalLog
from doorward.api.draining import Drain
from doorward.api.schemas.health import CheckState
from doorward.core.config import Settings, load_settings
from doorward.core.exceptions import ServiceUnavailableError
from doorward.core.insecure_settings import insecure_settings
from doorward.core.known_secrets import secret_values
from doorward.core.logging import configure_logging, flush_log, get_logger
from doorward.core.pages import CursorCodec
from doorward.core.ports import Clock
from doorward.core.request_context import current_user_id
from doorward.domain.auth.accounts import Accounts
from doorward.domain.auth.deactivation import Deactivation
from doorward.domain.auth.login import Login
from doorward.domain.auth.mass_revocation import MassRevocation
from doorward.domain.auth.policy import Lifetimes
from doorward.domain.auth.pruning import Pruning
from doorward.domain.auth.refresh_token import RefreshTokenCodec
from doorward.domain.auth.registration import Registration
from doorward.domain.auth.sessions import Sessions
from doorward.domain.auth.token_pair import TokenPairIssuer
from doorward.domain.items.importing import ItemImport
from doorward.domain.items.service import Items
from doorward.infrastructure.clock import HostClock
from doorward.infrastructure.common_passwords import load_common_passwords
from doorward.infrastructure.housekeeping import Housekeeper
from doorward.infrastructure.keys import ACCESS_TOKEN_PURPOSE, REFRESH_TOKEN_PURPOSE, cursor_purpose, derive_key
from doorward.infrastructure.limits.limiter import CallLimiter, create_client_reader, create_limiter
from doorward.infrastructure.passwords import BcryptHasher, available_cores
from doorward.infrastructure.postgres.clock_watch import ClockWatch, require_agreement
from doorward.infrastructure.postgres.database import (
    PostgresDatabase,
    is_current,
    session_conninfo,
)
from doorward.infrastructure.postgres.readiness import Readiness
from doorward.infrastructure.postgres.shares import Share, SharedDatabase, places_of_share
from doorward.infrastructure.tokens import AccessTokens
from doorward.telemetry import Telemetry

logger = get_logger()


def app_from_environment() -> FastAPI:
    """Return the application as the environment sets it: what each worker process calls.

    The settings are read before logging is configured, and by no process twice: see ``app_to_serve``.
    """
    settings = load_settings()
    log_as_set(settings)
    return app_to_serve(settings)


def app_to_serve(settings: Settings) -> FastAPI:
    """Return the application for a process that has read its settings and serves nothing else from here on."""
    app = create_wired_app(settings)
    # What is there now stays for ever. Walking through it would hold up all requests, every few thousand of them.
    gc.collect()
    gc.freeze()
    return app


def create_wired_app(settings: Settings, clock: Clock | None = None, host: HostClock | None = None) -> FastAPI:
    """Return the application with everything that it needs; its lifespan opens and closes the database.

    ``clock`` takes the place of PostgreSQL's, ``host`` of this machine's.
    """
    lifetimes = lifetimes_of(settings)
    telemetry = Telemetry(settings)
    database = PostgresDatabase(settings, cursor_factory=telemetry.cursor_factory, host=host)
    clock = clock or database.clock
    shared = shared_database(settings, database)
    readiness = Readiness(settings, database, cursor_factory=telemetry.cursor_factory)
    hasher = _create_hasher(settings, telemetry)
    codec = RefreshTokenCodec(*_keys(settings, REFRESH_TOKEN_PURPOSE))
    signer = _create_signer(settings, lifetimes)
    limiter = create_limiter(settings)
    issuer = TokenPairIssuer(signer=signer, codec=codec, lifetimes=lifetimes)
    drain = Drain()
    housekeeper = create_housekeeper(settings, database, clock)
    services = Services(
        registration=Registration(database=database, hasher=hasher, common_passwords=load_common_passwords()),
        login=Login(database=database, hasher=hasher, issuer=issuer, clock=clock, lifetimes=lifetimes),
        sessions=Sessions(
            database=database, codec=codec, signer=signer, issuer=issuer, clock=clock, lifetimes=lifetimes
        ),
        items=Items(database=shared, clock=clock, cursors=_cursors(settings, "items"), quota=settings.quota_per_owner),
        item_import=ItemImport(database=shared, clock=clock, quota=settings.quota_per_owner),
        bulk_place=database.bulk_place,
        calls=CallsInFlight(per_address=settings.calls_per_address, per_user=settings.calls_per_user),
        refusals=RefusalLog(),
        upload_idle_seconds=settings.upload_idle_seconds,
        limiter=limiter,
        client_of=create_client_reader(settings),
        check_readiness=lambda: check_readiness(readiness),
        drain=drain,
        lifespan=lambda _: _lifespan(settings, database, readiness, hasher, limiter, telemetry, drain, housekeeper),
    )
    return telemetry.wrap(create_app(settings, services))


def shared_database(settings: Settings, database: PostgresDatabase) -> SharedDatabase:
    """Return the part of the database that calls to resources may use, divided among users."""
    places = places_of_share(settings.db_pool_max_conn, settings.db_pool_share_percent, database.bulk_places)
    return SharedDatabase(database, Share(places), current_user_id)


def _create_hasher(settings: Settings, telemetry: Telemetry) -> BcryptHasher:
    return BcryptHasher(
        rounds=settings.bcrypt_rounds,
        threads=available_cores(),
        per_address=settings.password_hashes_per_address,
        observe_wait=telemetry.observe_hash_wait,
    )


def _cursors(settings: Settings, noun: str) -> CursorCodec:
    return CursorCodec(*_keys(settings, cursor_purpose(noun)))


def _create_signer(settings: Settings, lifetimes: Lifetimes) -> AccessTokens:
    key, previous_key = _keys(settings, ACCESS_TOKEN_PURPOSE)
    return AccessTokens(
        key=key,
        previous_key=previous_key,
        algorithm=settings.algorithm,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        lifetime=lifetimes.access,
    )


def _keys(settings: Settings, purpose: bytes) -> tuple[bytes, bytes | None]:
    """Return the key of this purpose, and the one before the last change of SECRET_KEY while that is set."""
    previous = settings.secret_key_previous
    return (
        derive_key(settings.secret_key.get_secret_value().encode(), purpose),
        None if previous is None else derive_key(previous.get_secret_value().encode(), purpose),
    )


def log_as_set(settings: Settings, *, level: str | None = None) -> None:
    """Configure the log of this process, by default at ``LOG_LEVEL``. No line holds one of the settings' secrets."""
    configure_logging(
        level or settings.log_level, log_style(settings), settings.pii_fields, secrets=secret_values(settings)
    )


def log_style(settings: Settings) -> Literal["json", "console"]:
    """Return how log lines look: for machines in production, for eyes in development."""
    return "console" if settings.environment == "development" else "json"


def lifetimes_of(settings: Settings) -> Lifetimes:
    """Return the settings' numbers as durations."""
    return Lifetimes(
        access=timedelta(minutes=settings.access_token_expire_minutes),
        refresh_idle=timedelta(days=settings.refresh_token_expire_days),
        session=timedelta(days=settings.session_max_days),
        reuse_leeway=timedelta(seconds=settings.refresh_token_reuse_leeway_seconds),
    )


async def check_readiness(database: Readiness) -> dict[str, CheckState]:
    """Tell whether the database answers, and if so, whether it has the migrations that this code needs."""
    try:
        version = await database.schema_version()
    except ServiceUnavailableError:
        return {"database": "failed"}
    return {"database": "ok", "schema": "ok" if is_current(version) else "failed"}


def create_housekeeper(settings: Settings, database: PostgresDatabase, clock: Clock) -> Housekeeper:
    """Return what prunes, in turn with the other copies of the service."""
    pruning = Pruning(database=database, clock=clock, retention=timedelta(days=settings.session_retention_days))

    async def prune_by_agreed_time() -> int:
        require_agreement(database.clock)
        return await pruning.prune()

    return Housekeeper(
        session_conninfo(settings),
        "prune",
        prune_by_agreed_time,
        timedelta(minutes=settings.housekeeping_interval_minutes),
    )


async def prune(settings: Settings, host: HostClock | None = None) -> int | None:
    """Remove old sessions now; return how many, or None when another process is at it.

    Raises ``ClocksDifferError``.
    """
    async with _opened(settings, host) as database:
        return await create_housekeeper(settings, database, database.clock).run(only_if_due=False)


async def revoke_all(settings: Settings) -> int:
    """End every session; return how many."""
    async with _opened(settings) as database:
        return await MassRevocation(database=database, clock=database.clock).revoke_all()


async def deactivate(settings: Settings, name: str) -> int:
    """Bar a user from the service; return how many sessions were ended. Raises ``UserNotFoundError``."""
    async with _opened(settings) as database:
        return await _deactivation(database).deactivate(name)


async def activate(settings: Settings, name: str) -> None:
    """Let a user log in again. Raises ``UserNotFoundError``."""
    async with _opened(settings) as database:
        await _deactivation(database).activate(name)


def _deactivation(database: PostgresDatabase) -> Deactivation:
    return Deactivation(database=database, accounts=Accounts(database=database), clock=database.clock)


@asynccontextmanager
async def _opened(settings: Settings, host: HostClock | None = None) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(settings, host=host)
    await database.open()
    try:
        await database.measure_clock()
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _lifespan(
    settings: Settings,
    database: PostgresDatabase,
    readiness: Readiness,
    hasher: BcryptHasher,
    limiter: CallLimiter,
    telemetry: Telemetry,
    drain: Drain,
    housekeeper: Housekeeper,
) -> AsyncIterator[None]:
    # Whatever fails to open or close, all the others are closed, the last one first.
    async with AsyncExitStack() as stack:
        # The server ends the process by the signal that it received, as soon as this block has ended.
        stack.callback(flush_log)
        await stack.enter_async_context(telemetry.running(database, hasher))
        stack.callback(hasher.close)
        stack.push_async_callback(limiter.close)
        clock_watch = ClockWatch(database)
        stack.push_async_callback(readiness.close)
        # After the database: a measurement that waits for a connection is refused then.
        stack.push_async_callback(clock_watch.end)
        stack.push_async_callback(database.close)
        await database.open()
        await clock_watch.begin()
        await readiness.open()
        if settings.housekeeping_interval_minutes:
            stack.push_async_callback(_ended, asyncio.create_task(housekeeper.run_for_ever()))
        stack.enter_context(drain.before_sigterm_ends_serving(settings.shutdown_drain_seconds))
        yield


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def report_insecure_settings(settings: Settings) -> None:
    """Say at each start what the settings give up. What production must never have is refused by the settings."""
    for setting, why in insecure_settings(settings):
        logger.warning("config.insecure", setting=setting, why=why)
