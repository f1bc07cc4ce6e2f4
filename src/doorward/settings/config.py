"""All settings of the service, grouped by topic. Build them from values by name, or load them from the sources."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from doorward.core.frozen import frozen
from doorward.settings.background import BackgroundSettings
from doorward.settings.brand import BrandSettings
from doorward.settings.browsers import BrowserSettings
from doorward.settings.database import DatabaseSettings
from doorward.settings.deployment import DeploymentSettings
from doorward.settings.entries import file_of_entries
from doorward.settings.imported_hashes import ImportedHashSettings
from doorward.settings.issuers import IssuerSettings
from doorward.settings.keys import KeySettings
from doorward.settings.limits import LimitSettings
from doorward.settings.login_providers import LoginProviderSettings
from doorward.settings.mail import MailSettings
from doorward.settings.outgoing import OutgoingSettings
from doorward.settings.passwords import PasswordSettings
from doorward.settings.registration import RegistrationSettings
from doorward.settings.second_factors import SecondFactorSettings
from doorward.settings.self_registration import SelfRegistrationSettings
from doorward.settings.server import ServerSettings
from doorward.settings.sources import ENVIRONMENT_FILE, SECRETS_FOLDER, Reading, read_sources
from doorward.settings.telemetry import TelemetrySettings
from doorward.settings.tokens import DEFAULT_ISSUER, TokenSettings
from doorward.settings.topic import ENVIRONMENT_CONTEXT, Topic

FOREIGN_PREFIX: Final = "OTEL_"
"""OpenTelemetry reads many variables of its own with similar names, so these are not reported as misspelt."""


class SettingsError(Exception):
    """The settings cannot be used. ``problems`` has one sentence for each problem, and no secret values."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@frozen(kw_only=True)
class Settings:
    """All validated settings. Objects take the topics that they need; only the code that builds them takes all."""

    deployment: DeploymentSettings
    keys: KeySettings
    database: DatabaseSettings
    tokens: TokenSettings
    passwords: PasswordSettings
    hashes: ImportedHashSettings
    registration: RegistrationSettings
    second_factors: SecondFactorSettings
    limits: LimitSettings
    browsers: BrowserSettings
    brand: BrandSettings
    mail: MailSettings
    outgoing: OutgoingSettings
    issuers: IssuerSettings
    logins: LoginProviderSettings
    self_registration: SelfRegistrationSettings
    telemetry: TelemetrySettings
    background: BackgroundSettings
    server: ServerSettings
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where each value was found, in words for the operator. Settings that are missing here have their default."""

    secret_files: Mapping[str, Path] = field(default_factory=dict)
    """The file of each setting with secrets that were read from a file on this machine."""

    def values(self) -> Iterator[tuple[str, Any]]:
        """Yield every setting's name and value."""
        for topic in TOPICS:
            yield from getattr(self, topic)

    def origin_of(self, name: str) -> str:
        """Return where the setting's value was found, in words for the operator."""
        return self.origins.get(name, "default")


TOPICS: Final[Mapping[str, type[Topic]]] = {
    each.name: each.type for each in fields(Settings) if isinstance(each.type, type) and issubclass(each.type, Topic)
}
FIELDS: Final[Mapping[str, FieldInfo]] = {
    name: each for topic in TOPICS.values() for name, each in topic.model_fields.items()
}
"""The fields of all settings by name, which is the environment variable's name in lower case."""

SECRETS: Final = tuple(
    name
    for name, each in FIELDS.items()
    if each.annotation is SecretStr or SecretStr in getattr(each.annotation, "__args__", ())
)
"""The names of the settings that hold a secret."""


def load_settings(*, beside_inv_dev: bool = False, secrets_folder: Path = SECRETS_FOLDER) -> Settings:
    """Load the settings from all sources. A later source overrides an earlier one.

    The order is: ``.env``, environment, secret files, AWS Secrets Manager. With ``beside_inv_dev``, a command in the
    folder where `inv dev` runs uses the database of `inv dev` if nothing is configured. Raises ``SettingsError`` with
    one sentence for each source that cannot be read, and for each variable that is misspelt or unusable.
    """
    reading = read_sources(FIELDS, SECRETS, beside_inv_dev=beside_inv_dev, secrets_folder=secrets_folder)
    problems = [*reading.problems, *_misspelt_names(reading.names)]
    if reading.problems:
        # Without this, the settings of an unreadable source would also be reported as missing.
        raise SettingsError(problems)
    topics, refusals = _validate(reading.values)
    if problems or refusals:
        raise SettingsError([*problems, *refusals])
    secret_files = {**reading.secret_files, **_files_of_client_secrets(reading, secrets_folder)}
    return Settings(**topics, origins=reading.origins, secret_files=secret_files)


def _files_of_client_secrets(reading: Reading, secrets_folder: Path) -> Mapping[str, Path]:
    """Return the file that holds the client secrets of LOGIN_PROVIDERS, if it is outside ``secrets_folder``."""
    name = "login_providers"
    value = reading.values.get(name)
    if not isinstance(value, str):
        return {}
    path = file_of_entries(value)
    if path is None:
        return {name: ENVIRONMENT_FILE} if reading.origins[name] == str(ENVIRONMENT_FILE) else {}
    return {} if secrets_folder in path.parents else {name: path}


def settings_from(values: Mapping[str, object]) -> Settings:
    """Return settings with these values by name; all others have their defaults. Reads no source.

    Raises ``SettingsError`` with one sentence for each unusable value and each unknown name.
    """
    unknown = [f"{name.upper()} is not a setting" for name in values if name not in FIELDS]
    topics, refusals = _validate(values)
    if unknown or refusals:
        raise SettingsError([*unknown, *refusals])
    return Settings(**topics)


def _validate(values: Mapping[str, object]) -> tuple[dict[str, Any], list[str]]:
    """Return the valid topics, and one sentence for each refused value."""
    context = {ENVIRONMENT_CONTEXT: values.get("environment")}
    topics: dict[str, Topic] = {}
    refusals: list[str] = []
    for name, topic in TOPICS.items():
        own = {each: values[each] for each in topic.model_fields if each in values}
        try:
            topics[name] = topic.model_validate(own, context=context)
        except ValidationError as error:
            refusals += _sentences(error)
    return topics, refusals or list(_contradictions(topics))


def _contradictions(topics: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each value that contradicts, or lacks, a value of another topic."""
    if topics["mail"].smtp_host is not None and topics["browsers"].public_url is None:
        yield "SMTP_HOST needs PUBLIC_URL: the links in mails begin with it. Example: https://auth.example.com"
    yield from _asymmetric_tokens(topics["tokens"], topics["browsers"])
    own = {str(each).rstrip("/") for each in (topics["tokens"].jwt_issuer, topics["browsers"].public_url)}
    if own & {each.issuer.rstrip("/") for each in topics["issuers"].trusted_issuers}:
        yield "TRUSTED_ISSUERS must not have the service's own issuer, whose tokens are accepted without it"
    yield from _login_providers(topics["logins"], topics["browsers"])
    if not has_mail(topics["mail"], topics["browsers"], topics["deployment"]):
        for name in ("registration_confirmation", "login_requires_verified_email"):
            if getattr(topics["registration"], name):
                yield f"{name.upper()} needs mail: set SMTP_HOST, EMAIL_FROM and PUBLIC_URL (in development PUBLIC_URL)"


def _login_providers(logins: LoginProviderSettings, browsers: BrowserSettings) -> Iterator[str]:
    if not logins.login_providers:
        return
    if browsers.provider_issuer is None:
        yield (
            "LOGIN_PROVIDERS needs PUBLIC_URL, to which the providers redirect: https, or http on this machine. "
            "Example: https://auth.example.com"
        )
    elif browsers.provider_issuer.rstrip("/") in {each.issuer.rstrip("/") for each in logins.login_providers}:
        yield "LOGIN_PROVIDERS must not have the service's own issuer"


def _asymmetric_tokens(tokens: TokenSettings, browsers: BrowserSettings) -> Iterator[str]:
    if not tokens.is_asymmetric:
        return
    if browsers.provider_issuer is None:
        yield (
            f"ALGORITHM={tokens.algorithm} needs PUBLIC_URL, where other services get the keys: https, or http on this "
            "machine. Example: https://auth.example.com"
        )
    elif tokens.jwt_issuer not in {None, browsers.provider_issuer}:
        yield (
            f"JWT_ISSUER must be the same as PUBLIC_URL with ALGORITHM={tokens.algorithm}, because other services look "
            "for the keys there: unset JWT_ISSUER"
        )


def first_party_issuer(tokens: TokenSettings, browsers: BrowserSettings) -> str:
    """Return the ``iss`` claim of the access tokens of users."""
    by_default = browsers.provider_issuer if tokens.is_asymmetric else None
    return tokens.jwt_issuer or by_default or DEFAULT_ISSUER


def has_mail(mail: MailSettings, browsers: BrowserSettings, deployment: DeploymentSettings) -> bool:
    """Return whether mail is sent by a server, or shown on a page in development, which needs PUBLIC_URL for links."""
    return mail.smtp_host is not None or (deployment.environment == "development" and browsers.public_url is not None)


def requires_second_factor_of_administrators(factors: SecondFactorSettings, deployment: DeploymentSettings) -> bool:
    """Return whether administration requires a session with two factors. Unset, only production requires it."""
    chosen = factors.admin_requires_second_factor
    return deployment.environment == "production" if chosen is None else chosen


def _sentences(error: ValidationError) -> list[str]:
    # pydantic reports one error for each type of a union; the first one is sufficient.
    refusals = {details["loc"][:1]: details for details in reversed(error.errors(include_input=False))}
    return [_sentence(details["loc"], details["msg"]) for details in reversed(refusals.values())]


def _sentence(location: tuple[int | str, ...], message: str) -> str:
    what = message.removeprefix("Value error, ").replace("Input should be", "must be").replace("String should", "must")
    if not location:
        return what
    name = str(location[0])
    example = FIELDS[name].examples
    return f"{name.upper()} {what[0].lower()}{what[1:]}. Example: {example[0] if example else ''}"


def _misspelt_names(given_names: Mapping[str, float]) -> Iterator[str]:
    """Yield a sentence for each name that resembles the name of a setting without being one.

    Sources that also hold variables of other programs have a higher similarity threshold.
    """
    names = [name.upper() for name in FIELDS]
    names += [f"{name.upper()}_FILE" for name in SECRETS]
    for given, likeness in sorted(given_names.items()):
        if given.upper() in names or given.upper().startswith(FOREIGN_PREFIX):
            continue
        if meant := difflib.get_close_matches(given.upper(), names, n=1, cutoff=likeness):
            yield f"{given} is not a setting: did you mean {meant[0]}?"
