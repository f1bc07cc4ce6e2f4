"""``doorward serve``: answer HTTP requests."""

import click

from doorward.commands.errors import CommandError
from doorward.commands.preparation import require_current_schema, require_signing_keys, require_usable_settings
from doorward.server.listening import CannotListenError, listening
from doorward.server.serving import serve as serve_http
from doorward.settings.config import load_settings
from doorward.wiring.log import configure_log, report_disabled_tasks, report_insecure_settings


@click.command(help="Answer HTTP requests.")
@click.option("--host", help="Address to listen on, instead of HOST (127.0.0.1).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port to listen on, instead of PORT (8000); 0 takes a free one, which the log names.",
)
@click.option("--reload", is_flag=True, help="Restart when the code changes (development).")
def serve(host: str | None, port: int | None, *, reload: bool) -> None:
    """Serve until a signal ends the process."""
    settings = load_settings()
    host = settings.server.host if host is None else host
    port = settings.server.port if port is None else port
    configure_log(settings)
    require_usable_settings(settings)
    require_current_schema(settings.database)
    require_signing_keys(settings)
    try:
        with listening(host, port) as listener:
            # Reported after all checks, so that a service that cannot start logs only the reason.
            report_insecure_settings(settings)
            report_disabled_tasks(settings.background)
            serve_http(listener, settings, reload=reload)
    except CannotListenError as error:
        raise CommandError(str(error)) from error
