"""From what the sources say to checked settings, or to one sentence for each thing that is wrong with it."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BeforeValidator, PrivateAttr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from doorward.settings.sources import read_sources, secret_settings


def _split_at_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


between_commas = BeforeValidator(_split_at_commas)
"""Of a setting that is a list: one text in every source, without quotes or brackets."""

FOREIGN_PREFIX: Final = "OTEL_"
"""Names that OpenTelemetry has many of, alike, and reads itself."""


class SettingsError(Exception):
    """The settings cannot be used. ``problems`` has one sentence for each, never with a secret's value."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the sentences; the message is all of them, one a line."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class LoadedSettings(BaseSettings):
    """Settings made from values alone, which remember where the values were found. ``load`` reads them."""

    model_config = SettingsConfigDict(
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _secret_files: Mapping[str, Path] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the base class names it
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing here: ``settings_sources`` reads more places than the base class knows, and tells which."""
        return (init_settings,)

    def origin_of(self, name: str) -> str:
        """Return where the setting's value was found, in words for the operator."""
        return self._origins.get(name, "default")

    def secret_files(self) -> Iterable[tuple[str, Path]]:
        """Return the names of the secrets that were read from files of this machine, with the files."""
        return [(name.upper(), path) for name, path in self._secret_files.items()]


Model = TypeVar("Model", bound=LoadedSettings)


def load(model: type[Model]) -> Model:
    """Return the settings as all sources together say, the stronger over the weaker.

    Raises ``SettingsError`` with one sentence for each source that cannot be read, and for each variable that is
    misspelt or unusable.
    """
    reading = read_sources(model)
    problems = [*reading.problems, *_misspelt_names(model, reading.names)]
    if reading.problems:
        # What a source did not tell would be called missing.
        raise SettingsError(problems)
    try:
        settings = model.model_validate(reading.values)
    except ValidationError as error:
        # A value that may be of several types is refused once for each; the first refusal says enough.
        refusals = {details["loc"][:1]: details for details in reversed(error.errors(include_input=False))}
        problems += [_sentence(model, details["loc"], details["msg"]) for details in reversed(refusals.values())]
    if problems:
        raise SettingsError(problems)
    # No settings, so no fields that a value could set.
    settings._origins, settings._secret_files = reading.origins, reading.secret_files  # noqa: SLF001 - made here
    return settings


def _misspelt_names(model: type[BaseSettings], given_names: Mapping[str, float]) -> Iterable[str]:
    """Yield what looks like a setting and is none. Some places hold others' names: only close ones count there."""
    names = [name.upper() for name in model.model_fields]
    names += [f"{name.upper()}_FILE" for name in secret_settings(model)]
    for given, likeness in sorted(given_names.items()):
        if given.upper().startswith(FOREIGN_PREFIX):
            continue
        meant = difflib.get_close_matches(given.upper(), names, n=1, cutoff=likeness)
        if meant and given.upper() not in names:
            yield f"{given} is not a setting: did you mean {meant[0]}?"


def _sentence(model: type[BaseSettings], location: tuple[int | str, ...], message: str) -> str:
    what = message.removeprefix("Value error, ").replace("Input should be", "must be").replace("String should", "must")
    if not location:
        return what
    name = str(location[0])
    example = model.model_fields[name].examples
    return f"{name.upper()} {what[0].lower()}{what[1:]}. Example: {example[0] if example else ''}"
