"""``doorward worker``: run the background tasks in a separate process."""

import click

from doorward.commands.errors import CommandError
from doorward.commands.preparation import (
    require_current_schema,
    require_events_out,
    require_mail,
    require_signing_keys,
    require_tracing,
    run_use_case,
)
from doorward.server.listening import CannotListenError
from doorward.server.serving import metrics_served
from doorward.server.signals import ending_signals_handled
from doorward.settings.config import load_settings
from doorward.wiring.background import run_worker
from doorward.wiring.events_out import sends_events
from doorward.wiring.log import configure_log
from doorward.wiring.mail import has_mail


@click.command(help="Run the background tasks, for services with BACKGROUND=off. Answers no requests.")
@click.option("--host", help="Address of /metrics, if METRICS_PORT is set, instead of HOST (127.0.0.1).")
def worker(host: str | None) -> None:
    """Run the tasks until a signal ends the process. Running tasks finish first."""
    settings = load_settings()
    configure_log(settings)
    require_tracing(settings.telemetry)
    require_mail(settings)
    require_events_out(settings)
    require_current_schema(settings.database)
    require_signing_keys(settings)
    if not settings.background.housekeeping_interval_minutes and not has_mail(settings) and not sends_events(settings):
        raise CommandError("all background tasks are switched off. Set HOUSEKEEPING_INTERVAL_MINUTES")
    try:
        with (
            ending_signals_handled(),
            metrics_served(host or settings.server.host, settings.telemetry, has_workers=False),
        ):
            run_use_case(run_worker(settings))
    except CannotListenError as error:
        raise CommandError(str(error)) from error
