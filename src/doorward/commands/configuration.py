"""``doorward check-config``: check the settings, and show them with their sources."""

import click

from doorward.commands.preparation import require_database_url, require_usable_settings
from doorward.settings.config import load_settings


@click.command(help="Check all settings, and show them with their sources. Secrets are masked.")
def check_config() -> None:
    """Print each setting as a line of .env, where the text after the value is a comment."""
    settings = load_settings(beside_inv_dev=True)
    require_database_url(settings.database)
    require_usable_settings(settings)
    for name, value in settings.values():
        shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
        comment = settings.origin_of(name)
        if name.upper() == settings.background.disabled_by:
            comment += ". This service removes no old sessions and audit events"
        click.echo(f"{name.upper()}={'' if shown is None else shown}  # {comment}")
