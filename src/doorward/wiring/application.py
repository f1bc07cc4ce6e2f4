"""Build the application and its dependencies from the settings."""

import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from doorward.api.app import create_app
from doorward.api.budgets import CallsInFlight, RefusalLog
from doorward.api.client_address import create_client_reader
from doorward.api.draining import Drain
from doorward.api.edge_services import EdgeServices
from doorward.api.schemas.health import CheckState
from doorward.api.services import Services
from doorward.api.shared_address import SharedAddressWatch
from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.accounts.ports import PersonalData
from doorward.infrastructure.limits.limiter import CallLimiter, create_limiter
from doorward.infrastructure.postgres.database import PostgresDatabase, is_current
from doorward.infrastructure.postgres.readiness import Readiness
from doorward.infrastructure.postgres.shares import Share, SharedDatabase, slots_for_resources
from doorward.observability.logging import flush_log
from doorward.observability.request_context import current_caller
from doorward.settings.config import Settings, load_settings, requires_second_factor_of_administrators
from doorward.settings.database import DatabaseSettings
from doorward.wiring.account_data import create_account_data
from doorward.wiring.accounts import create_recovery, create_verification
from doorward.wiring.administration import create_administration
from doorward.wiring.auth import create_hasher, create_login, create_tokens
from doorward.wiring.background import create_scheduler, running_background
from doorward.wiring.database import running_database
from doorward.wiring.events_out import EventsOut, create_events_out, create_outgoing
from doorward.wiring.federation import create_authentication
from doorward.wiring.foundation import Foundation
from doorward.wiring.items import create_item_import, create_items, items_data
from doorward.wiring.keys import SigningKeys, create_key_services, create_signing_keys
from doorward.wiring.log import configure_log
from doorward.wiring.mail import MailService, create_mail
from doorward.wiring.oauth import create_oauth, create_own_authentication, create_provider
from doorward.wiring.own_account import create_own_account
from doorward.wiring.pages import create_site
from doorward.wiring.parts import PARTS, Parts
from doorward.wiring.passkeys import create_passkeys
from doorward.wiring.registration import create_registration, registration_rules
from doorward.wiring.registration_by_mail import create_confirmation, create_invitations, create_registration_requests
from doorward.wiring.second_factors import create_second_factors
from doorward.wiring.telemetry import Telemetry

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def app_from_environment() -> FastAPI:
    """Return the application with the settings of the environment. Each worker process calls this."""
    settings = load_settings()
    configure_log(settings)
    return app_to_serve(settings)


def app_to_serve(settings: Settings) -> FastAPI:
    """Return the application, and freeze the objects of this process: it only serves requests from now on."""
    app = create_wired_app(settings)
    # The objects that exist now are never freed. Without the freeze, the garbage collector would traverse them every
    # few thousand requests and delay the requests in progress.
    gc.collect()
    gc.freeze()
    return app


def create_wired_app(settings: Settings, parts: Parts = PARTS) -> FastAPI:
    """Return the application. ``parts`` replaces what the settings describe."""
    telemetry = Telemetry(settings.telemetry)
    database = parts.database or PostgresDatabase(
        settings.database, timeouts=parts.timeouts, cursor_factory=telemetry.cursor_factory, host=parts.host
    )
    hasher = parts.hasher or create_hasher(settings, telemetry)
    limiter = parts.limiter or create_limiter(settings.limits)
    clock = parts.clock or database.clock
    scheduler = create_scheduler(
        settings, database, clock, is_worker=False, first_look_seconds=parts.first_look_seconds
    )
    delivers = settings.background.background == "in_process"
    mail = create_mail(settings, database, clock, delivers=delivers)
    base = Foundation(settings, database, hasher, clock, mail.queue)
    signing_keys, events_out = create_signing_keys(settings, database, clock, parts.key_ring_options), EventsOut()
    if delivers:
        events_out = create_events_out(settings, database, clock, mail.queue, signing_keys)
    edge = _edge(base, limiter, upload_seconds=parts.upload_seconds)
    readiness = Readiness(settings.database, database, cursor_factory=telemetry.cursor_factory)

    def lifespan(_: FastAPI) -> AbstractAsyncContextManager[None]:
        running = _running(signing_keys, running_background(database, scheduler, mail, events_out))
        return _lifespan(base, readiness, limiter, telemetry, edge, running)

    services = _create_services(base, edge, mail, signing_keys, readiness, lifespan)
    site = create_site(settings, has_mail=mail.queue.is_configured)
    app = create_app(settings.deployment, settings.browsers, services, site.calls, site.show_problem)
    app.state.database, app.state.hasher = database, hasher
    return telemetry.wrap(app)


def _create_services(
    base: Foundation,
    edge: EdgeServices,
    mail: MailService,
    signing_keys: SigningKeys | None,
    readiness: Readiness,
    lifespan: Lifespan,
) -> Services:
    settings, database, clock, rules = base.settings, base.database, base.clock, registration_rules(base.settings)
    signer, issuer, sessions = create_tokens(base, signing_keys.provider if signing_keys else None)
    shared, factors = shared_database(settings.database, database), create_second_factors(base, issuer)
    return Services(
        registration=create_registration(base, rules),
        registration_requests=create_registration_requests(base, rules),
        confirmation=create_confirmation(base),
        invitations=create_invitations(base, rules),
        login=create_login(base, issuer),
        sessions=sessions,
        authentication=create_authentication(base, create_own_authentication(base, signer, sessions)),
        verification=create_verification(base, rules),
        own_account=create_own_account(base, rules, issuer),
        recovery=create_recovery(base, rules),
        passkeys=create_passkeys(base, issuer, factors.recovery_codes),
        second_factors=factors,
        account_data=create_account_data(base, rules, _personal_data()),
        keys=create_key_services(signing_keys, clock),
        administration=create_administration(base, rules, shared),
        outgoing=create_outgoing(settings, database, clock),
        oauth=create_oauth(settings, database, clock),
        provider=create_provider(base, signer, issuer, sessions, signing_keys),
        items=create_items(settings, shared, clock),
        item_import=create_item_import(settings, shared, clock),
        check_readiness=lambda: check_readiness(readiness),
        development_mails=mail.development,
        lifespan=lifespan,
        edge=edge,
    )


def _edge(base: Foundation, limiter: CallLimiter, *, upload_seconds: float) -> EdgeServices:
    limits = base.settings.limits
    return EdgeServices(
        calls=CallsInFlight(per_address=limits.calls_per_address, per_user=limits.calls_per_user),
        refusals=RefusalLog(),
        limiter=limiter,
        clock=base.clock,
        client_of=create_client_reader(limits.trusted_proxies),
        addresses=SharedAddressWatch() if base.settings.deployment.environment == "production" else None,
        drain=Drain(),
        admin_requires_second_factor=requires_second_factor_of_administrators(
            base.settings.second_factors, base.settings.deployment
        ),
        public_origin=base.settings.browsers.public_origin,
        bulk_slot=base.database.bulk_slot,
        upload_idle_seconds=limits.upload_idle_seconds,
        upload_seconds=upload_seconds,
    )


@asynccontextmanager
async def _running(
    signing_keys: SigningKeys | None, background: AbstractAsyncContextManager[None]
) -> AsyncIterator[None]:
    """Refresh the signing keys and run the background tasks within the block."""
    async with AsyncExitStack() as stack:
        if signing_keys is not None:
            await stack.enter_async_context(signing_keys.running())
        await stack.enter_async_context(background)
        yield


def _personal_data() -> Sequence[PersonalData]:
    """Return the personal data in resources. The data of accounts and sessions is added in ``wiring.account_data``."""
    return [
        items_data(),
    ]


def shared_database(settings: DatabaseSettings, database: PostgresDatabase) -> SharedDatabase:
    """Return the database with the share of the pool that requests for resources may use, divided among callers."""
    slots = slots_for_resources(settings.db_pool_max_conn, settings.db_pool_share_percent, database.bulk_slots)
    # The same timeout as for a connection from the pool.
    share = Share(slots, wait_seconds=database.timeouts.pool_wait)
    return SharedDatabase(database, share, current_caller)


async def check_readiness(database: Readiness) -> dict[str, CheckState]:
    """Return whether the database responds and, if so, whether its migrations are complete and it accepts writes."""
    try:
        state = await database.state()
    except ServiceUnavailableError:
        return {"database": "failed"}
    return {
        "database": "ok",
        "schema": "ok" if is_current(state.schema_version) else "failed",
        "writes": "failed" if state.is_read_only else "ok",
    }


@asynccontextmanager
async def _lifespan(
    base: Foundation,
    readiness: Readiness,
    limiter: CallLimiter,
    telemetry: Telemetry,
    edge: EdgeServices,
    background: AbstractAsyncContextManager[None],
) -> AsyncIterator[None]:
    # If one of these fails to open or close, all others are still closed, in reverse order.
    async with AsyncExitStack() as stack:
        # As soon as this block has ended, the server ends the process with the signal that it received.
        stack.callback(flush_log)
        await stack.enter_async_context(telemetry.running(base.database, lambda: base.hasher.waiting))
        stack.callback(base.hasher.close)
        stack.push_async_callback(limiter.close)
        stack.push_async_callback(readiness.close)
        await stack.enter_async_context(running_database(base.database))
        await readiness.open()
        await stack.enter_async_context(background)
        stack.enter_context(edge.drain.before_sigterm_ends_serving(base.settings.server.shutdown_drain_seconds))
        yield
