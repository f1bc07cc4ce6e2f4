"""Where settings are written, from the weakest place to the strongest: ``.env``, environment, secret files, AWS.

Says what each place holds and which one each setting is from; whether the values are usable is decided elsewhere.
"""

import codecs
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource

from doorward.settings.aws_secrets import SecretStoreError, read_aws_secret

ENVIRONMENT_FILE: Final = Path(".env")
SECRETS_FOLDER: Final = Path("/run/secrets")
"""Where Docker and, by convention, Kubernetes mount secrets: one file each, named like the setting in any case."""

MAXIMUM_SECRET_FILE_BYTES: Final = 64 * 1024
_BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""That of UTF-32 in little endian begins like that of UTF-16."""

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode's categories of controls, marks and line ends: tabs and line ends apart, none is typed on purpose."""

LIKENESS_AMONG_SETTINGS: Final = 0.85
LIKENESS_AMONG_OTHERS: Final = 0.9
"""difflib's ratio from which a name is taken for a misspelt setting: higher where names of others are, too."""


@dataclass(slots=True)
class Reading:
    """What the places hold, by the setting's name in lower case, each stronger one laid over those before it.

    ``origins`` names the place that won. ``names`` has every name that was given, as it was written, with the likeness
    to a setting's from which it is a misspelt one. ``problems`` has a sentence for each place that cannot be read.
    ``secret_files`` has the file of each secret that is in one, but for the folder that containers mount.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    names: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    secret_files: dict[str, Path] = field(default_factory=dict)

    def lay_over(self, values: Mapping[str, Any], origin: str) -> None:
        """Take the values of a stronger place."""
        self.values |= values
        self.origins |= dict.fromkeys(values, origin)
        for name in values:
            self.secret_files.pop(name, None)


def secret_settings(model: type[BaseSettings]) -> tuple[str, ...]:
    """Return the names of those settings that hold a secret."""
    return tuple(
        name
        for name, each in model.model_fields.items()
        if each.annotation is SecretStr or SecretStr in getattr(each.annotation, "__args__", ())
    )


def read_sources(model: type[BaseSettings]) -> Reading:
    """Read every place. One that cannot be read is a problem, never an empty place: weaker values must not step in."""
    reading = Reading()
    variables = {**_read_environment_file(model, reading), **_read_environment(model, reading)}
    _read_secrets_folder(model, reading)
    _read_named_files(model, reading, variables)
    if not reading.problems:
        _read_aws(model, reading)
    return reading


def _read_environment_file(model: type[BaseSettings], reading: Reading) -> Mapping[str, str | None]:
    try:
        if _begins_with_a_mark(ENVIRONMENT_FILE):
            reading.problems.append(
                ".env begins with a byte order mark, so its first name would be lost. Save it without"
            )
            return {}
        source = DotEnvSettingsSource(model, env_file=ENVIRONMENT_FILE, dotenv_filtering="only_existing")
        written = dotenv_values(ENVIRONMENT_FILE, interpolate=False) if ENVIRONMENT_FILE.is_file() else {}
    except UnicodeDecodeError:
        reading.problems.append(".env is not UTF-8 text. Write it again as such")
        return {}
    except OSError as error:
        reading.problems.append(f".env cannot be read: {error.strerror}. Correct its rights, or remove it")
        return {}
    values = source()
    reading.lay_over(values, ".env")
    reading.secret_files |= {name: ENVIRONMENT_FILE for name in secret_settings(model) if name in values}
    reading.names |= dict.fromkeys(written, LIKENESS_AMONG_SETTINGS)
    return source.env_vars


def _begins_with_a_mark(path: Path) -> bool:
    """Tell whether a file begins as Windows' editors begin UTF-8."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def _read_environment(model: type[BaseSettings], reading: Reading) -> Mapping[str, str | None]:
    source = EnvSettingsSource(model)
    reading.lay_over(source(), "environment")
    reading.names = dict.fromkeys(os.environ, LIKENESS_AMONG_OTHERS) | reading.names
    return source.env_vars


def _read_secrets_folder(model: type[BaseSettings], reading: Reading) -> None:
    try:
        paths = sorted(SECRETS_FOLDER.iterdir()) if SECRETS_FOLDER.is_dir() else []
    except OSError as error:
        reading.problems.append(f"{SECRETS_FOLDER} cannot be read: {error.strerror}. Correct its rights")
        return
    found: dict[str, Path] = {}
    for path in paths:
        name = path.name.lower()
        if name in found:
            reading.problems.append(f"{name.upper()} is in {SECRETS_FOLDER} twice, in two spellings. Remove one")
        elif name in model.model_fields:
            found[name] = path
    for name, path in found.items():
        _read_secret(reading, name, path, origin=str(path), place=f"{name.upper()} in {SECRETS_FOLDER}")
    reading.names = {path.name: LIKENESS_AMONG_OTHERS for path in paths} | reading.names


def _read_named_files(model: type[BaseSettings], reading: Reading, variables: Mapping[str, str | None]) -> None:
    """Read what NAME_FILE variables name. Where a path should be, people write the secret: it is not repeated."""
    for name in secret_settings(model):
        pointer, path = f"{name.upper()}_FILE", variables.get(f"{name}_file")
        if not path:
            continue
        if variables.get(name):
            reading.problems.append(f"{name.upper()} and {pointer} are both set. Keep one of them")
        else:
            _read_secret(reading, name, Path(path), origin=f"{pointer}, {path}", place=f"The file that {pointer} names")
            if SECRETS_FOLDER not in Path(path).parents:
                reading.secret_files[name] = Path(path)


def _read_secret(reading: Reading, name: str, path: Path, *, origin: str, place: str) -> None:
    try:
        reading.lay_over({name: _secret_in(path)}, origin)
    except OSError as error:
        reading.problems.append(f"{place} cannot be read: {error.strerror}. Example: {SECRETS_FOLDER / name}")
    except ValueError as error:
        reading.problems.append(f"{place} {error}. Write the value into it, and nothing else")


def _secret_in(path: Path) -> str:
    """Return a file's text without the line end that editors add. Raises ``ValueError`` with the flaw, ``OSError``."""
    if path.exists() and not path.is_file():
        raise ValueError("is not a regular file")
    with path.open("rb") as file:
        content = file.read(MAXIMUM_SECRET_FILE_BYTES + 1)
    if len(content) > MAXIMUM_SECRET_FILE_BYTES:
        raise ValueError(f"is larger than {MAXIMUM_SECRET_FILE_BYTES // 1024} KiB")
    if any(content.startswith(mark) for mark in _BYTE_ORDER_MARKS):
        # Taken away, it would change the key of a service that has always read it as a part of the value.
        raise ValueError("begins with a byte order mark, which editors on Windows add; save it as UTF-8 without one")
    try:
        text = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    if unwanted := next(filter(_is_invisible, text), None):
        # In UTF-16 without a mark every second character is U+0000.
        raise ValueError(f"holds an invisible character, U+{ord(unwanted):04X}")
    if not text:
        raise ValueError("is empty")
    return text


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE and character not in "\t\r\n"


def _read_aws(model: type[BaseSettings], reading: Reading) -> None:
    name, region = (reading.values.get(each) for each in ("aws_secrets_manager_secret_name", "aws_region"))
    if not name:
        return
    try:
        secret = read_aws_secret(model, name=name, region=region)
    except SecretStoreError as error:
        reading.problems.append(str(error))
        return
    reading.lay_over(secret.values, f"AWS Secrets Manager, {name}")
    reading.names |= dict.fromkeys(secret.names, LIKENESS_AMONG_SETTINGS)
