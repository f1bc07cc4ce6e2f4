"""Prepare commands: load the settings, and check the requirements."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import psycopg

from doorward.commands.errors import DATABASE_FAILED, CommandError, command_error
from doorward.core.exceptions import DomainError
from doorward.domain.accounts.ports import MailTemplateError
from doorward.domain.auth.ports import BreachesUnavailableError
from doorward.infrastructure.limits.limiter import create_limiter
from doorward.infrastructure.postgres.clock_watch import ClocksDifferError
from doorward.infrastructure.postgres.database import SCHEMA_VERSION, connection_string, is_current
from doorward.infrastructure.postgres.session_settings import UnsuitableDatabaseError
from doorward.infrastructure.postgres.start_check import stored_schema_version
from doorward.settings.config import Settings, load_settings
from doorward.settings.database import DatabaseSettings
from doorward.settings.limits import LimitSettings
from doorward.settings.passwords import PasswordSettings
from doorward.settings.telemetry import TelemetrySettings
from doorward.web.brand import BrandError
from doorward.wiring import operations
from doorward.wiring.events_out import check_events_out
from doorward.wiring.federation import check_trusted_issuers
from doorward.wiring.keys import check_signing_keys
from doorward.wiring.log import configure_log
from doorward.wiring.login_providers import check_login_providers
from doorward.wiring.mail import check_mail, has_mail
from doorward.wiring.new_passwords import check_new_passwords

Result = TypeVar("Result")


def operator_settings(*, log_level: str | None = None) -> Settings:
    """Load the settings of a command that uses the database, configure the log, and check the schema.

    In the folder where `inv dev` runs, its database is used if nothing is configured. Raises ``SettingsError`` or
    ``CommandError``.
    """
    settings = load_settings(beside_inv_dev=True)
    configure_log(settings, level=log_level)
    require_current_schema(settings.database)
    return settings


def run_use_case(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a use case; return its result. Raises ``CommandError`` for domain errors and for database errors."""
    try:
        return asyncio.run(work)
    except DomainError as error:
        raise command_error(error) from error
    except psycopg.Error as error:
        raise CommandError(DATABASE_FAILED) from error
    except ClocksDifferError as error:
        raise CommandError(f"{error}: nothing was removed. Correct the one that is wrong, then run it again") from error


def require_usable_settings(settings: Settings) -> None:
    """Check the packages and the files that the settings of the service need. Raises ``CommandError``."""
    require_limiter(settings.limits)
    require_tracing(settings.telemetry)
    require_mail(settings)
    require_pages(settings)
    require_events_out(settings)
    require_oauth(settings)
    require_issuers(settings)
    require_breach_file(settings.passwords)


def require_limiter(settings: LimitSettings) -> None:
    """Check that the store of rate limits can be used. Raises ``CommandError``."""
    try:
        create_limiter(settings)
    except ImportError as error:
        raise CommandError(
            "RATE_LIMIT_STORAGE_URI needs a driver that is not installed. Install doorward[redis], or use memory://"
        ) from error
    except (TypeError, ValueError) as error:
        raise CommandError("RATE_LIMIT_STORAGE_URI is malformed. Example: redis://cache.internal:6379/0") from error


def require_tracing(settings: TelemetrySettings) -> None:
    """Check that the packages for traces are installed, if traces are enabled. Raises ``CommandError``."""
    if settings.traces_url is None:
        return
    try:
        import doorward.observability.tracing  # noqa: F401, PLC0415 - checks that it can be imported
    except ImportError as error:
        raise CommandError(
            "OTEL_EXPORTER_OTLP_ENDPOINT needs packages that are not installed. Install doorward[otel], or unset it"
        ) from error


def require_mail(settings: Settings) -> None:
    """Check the packages and the templates of mail, if mail is configured. Raises ``CommandError``."""
    try:
        check_mail(settings)
    except ImportError as error:
        raise CommandError(
            "mail needs packages that are not installed. Install doorward[mail], or unset SMTP_HOST and EMAIL_FROM "
            "(in development PUBLIC_URL)"
        ) from error
    except MailTemplateError as error:
        raise CommandError(f"{error}. Correct it, or unset MAIL_TEMPLATES_FOLDER") from error


def require_pages(settings: Settings) -> None:
    """Check the logo and the templates of the operator, if there are any. Raises ``CommandError``."""
    if settings.brand.brand_logo_file is None and settings.brand.templates_dir is None:
        return
    from doorward.wiring.pages import check_pages  # noqa: PLC0415 - loads the web framework

    try:
        check_pages(settings, has_mail=has_mail(settings))
    except BrandError as error:
        raise CommandError(f"{error}. Correct it, or unset the setting") from error


def require_events_out(settings: Settings) -> None:
    """Check that the packages that send events to other systems are installed, if needed. Raises ``CommandError``."""
    try:
        check_events_out(settings)
    except ImportError as error:
        raise CommandError(
            "events to other systems need packages that are not installed. Install doorward[webhooks] for "
            "WEBHOOKS_ENABLED and doorward[rabbitmq] for RABBITMQ_URL, or unset them"
        ) from error


def require_signing_keys(settings: Settings) -> None:
    """Check that the keys that sign for other services can be opened, and create the first ones if there are none.

    Raises ``CommandError``.
    """
    require_oauth(settings)
    run_use_case(operations.prepare_signing_keys(settings))


def require_oauth(settings: Settings) -> None:
    """Check that the packages of the OpenID provider are installed, if it is on. Raises ``CommandError``."""
    try:
        check_signing_keys(settings)
    except ImportError as error:
        raise CommandError(
            "tokens for other services need a package that is not installed. Install doorward[oauth], or unset "
            "PUBLIC_URL"
        ) from error


def require_issuers(settings: Settings) -> None:
    """Check that the packages for trusted issuers and login providers are installed, if needed.

    Raises ``CommandError``.
    """
    try:
        check_trusted_issuers(settings.issuers)
    except ImportError as error:
        raise CommandError(
            "TRUSTED_ISSUERS needs packages that are not installed. Install doorward[issuers], or unset it"
        ) from error
    try:
        check_login_providers(settings.logins)
    except ImportError as error:
        raise CommandError(
            "LOGIN_PROVIDERS needs packages that are not installed. Install doorward[issuers,oauth], or unset it"
        ) from error


def require_breach_file(settings: PasswordSettings) -> None:
    """Check that the file of breached passwords can be used, if configured. Raises ``CommandError``."""
    try:
        check_new_passwords(settings)
    except BreachesUnavailableError as error:
        raise CommandError(
            f"the file of PASSWORD_BREACHES_LIST is {error.reason}: it needs SHA-1 digests in ascending order, one a "
            "line. Correct it, or set PASSWORD_BREACHES=off"
        ) from error


def require_database_url(settings: DatabaseSettings) -> None:
    """Check that PostgreSQL's library can parse the connection string. Raises ``CommandError``."""
    try:
        connection_string(settings)
    except psycopg.ProgrammingError as error:
        raise CommandError(
            "DATABASE_URL is not a PostgreSQL URL. Example: postgresql://doorward:PASSWORD@db.internal:5432/doorward"
        ) from error


def require_current_schema(settings: DatabaseSettings) -> None:
    """Check that the database can be used and has all migrations. Raises ``CommandError``."""
    found = read_schema_version(settings)
    if not is_current(found):
        raise CommandError(f"the schema is behind: {found or 'none'}, needed {SCHEMA_VERSION}. Run: doorward migrate")


def read_schema_version(settings: DatabaseSettings) -> str | None:
    """Return the newest migration of a usable database; None before the first. Raises ``CommandError``."""
    require_database_url(settings)
    try:
        return stored_schema_version(settings)
    except psycopg.OperationalError as error:
        raise _unreachable(error) from error
    except psycopg.Error as error:
        raise CommandError(
            f"the schema's version cannot be read: {first_line(error)}. Grant the role access"
        ) from error


def _unreachable(error: psycopg.OperationalError) -> CommandError:
    """Return the error of a command that could not connect to the database."""
    if isinstance(error, UnsuitableDatabaseError):
        return CommandError(str(error))
    return CommandError(
        f"PostgreSQL cannot be used: {first_line(error)}. Start it, or correct DATABASE_URL or POSTGRES_*"
    )


def first_line(error: Exception) -> str:
    """Return the first line of a driver's message. The hints below it may repeat the connection string."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
