"""Read the sources of settings, in order of increasing priority: ``.env``, environment, secret files, AWS.

The origin of each value is recorded. ``config`` validates the values.
"""

import codecs
import os
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values

from doorward.settings.aws_secrets import SecretStoreError, read_aws_secret

ENVIRONMENT_FILE: Final = Path(".env")
DEVELOPMENT_FILE: Final = Path(".development/service.env")
"""Written by `inv dev` while it runs. Commands in the same folder read it if nothing else is configured."""

DATABASE_SETTINGS: Final = (
    "environment",
    "secret_key",
    "database_url",
    "postgres_host",
    "postgres_port",
    "postgres_db",
    "postgres_user",
    "postgres_password",
)
"""If one of these is set, or a secret of AWS is named, a command does not use the database of `inv dev`."""

SECRETS_FOLDER: Final = Path("/run/secrets")
"""Where Docker and, by convention, Kubernetes mount secrets: one file each, with the setting's name in any case."""

MAXIMUM_SECRET_FILE_BYTES: Final = 64 * 1024
_BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""The byte order mark of UTF-32 LE begins with that of UTF-16 LE, so it is not listed."""

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})
"""Unicode categories of invisible characters. Except for tabs and line breaks, they are never typed on purpose."""

SIMILARITY_IN_OWN_SOURCES: Final = 0.85
SIMILARITY_IN_SHARED_SOURCES: Final = 0.9
"""Minimum similarity (difflib's ratio) of a misspelt setting; higher in sources that hold other programs' variables."""


@dataclass(slots=True)
class Reading:
    """The values of the sources, by the setting's name in lower case. A later source overrides an earlier one.

    ``origins`` has the source of each value. ``names`` has every name as it was written, with the minimum similarity at
    which it counts as a misspelt setting. ``problems`` has a sentence for each source that cannot be read.
    ``secret_files`` has the file of each secret that was read from a file outside ``SECRETS_FOLDER``.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    names: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    secret_files: dict[str, Path] = field(default_factory=dict)

    def override(self, values: Mapping[str, Any], origin: str) -> None:
        """Override values by those of a source with higher priority."""
        self.values |= values
        self.origins |= dict.fromkeys(values, origin)
        for name in values:
            self.secret_files.pop(name, None)


def read_sources(
    names: Collection[str], secrets: Collection[str], *, beside_inv_dev: bool, secrets_folder: Path = SECRETS_FOLDER
) -> Reading:
    """Read the settings of these names from every source. ``secrets`` are the names of those that hold a secret.

    A source that cannot be read is reported as a problem and not treated as empty, so that values of lower priority
    never take its place.
    """
    reading = Reading()
    variables = {**_read_environment_file(names, secrets, reading), **_read_environment(names, reading)}
    _read_secrets_folder(secrets_folder, names, reading)
    _read_named_files(secrets_folder, secrets, reading, variables)
    if not reading.problems:
        _read_aws(names, reading)
    if beside_inv_dev and not reading.problems:
        _read_development_file(names, reading, variables)
    return reading


def _read_environment_file(names: Collection[str], secrets: Collection[str], reading: Reading) -> Mapping[str, str]:
    try:
        if _has_byte_order_mark(ENVIRONMENT_FILE):
            reading.problems.append(
                ".env begins with a byte order mark, so its first name would be lost. Save it without"
            )
            return {}
        written = dotenv_values(ENVIRONMENT_FILE) if ENVIRONMENT_FILE.is_file() else {}
    except UnicodeDecodeError:
        reading.problems.append(".env is not UTF-8 text. Write it again as such")
        return {}
    except OSError as error:
        reading.problems.append(f".env cannot be read: {error.strerror}. Correct its rights, or remove it")
        return {}
    variables = _variables(written)
    reading.override(_select(names, variables), ".env")
    reading.secret_files |= {name: ENVIRONMENT_FILE for name in secrets if name in variables}
    reading.names |= dict.fromkeys(written, SIMILARITY_IN_OWN_SOURCES)
    return variables


def _variables(given: Mapping[str, str | None]) -> dict[str, str]:
    """Return variables by their names in lower case, without empty ones, which count as unset."""
    return {name.lower(): value for name, value in given.items() if value}


def _select(names: Collection[str], variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name in names}


def _has_byte_order_mark(path: Path) -> bool:
    """Return whether a file begins with the UTF-8 byte order mark, which editors on Windows add."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def _read_environment(names: Collection[str], reading: Reading) -> Mapping[str, str]:
    variables = _variables(os.environ)
    reading.override(_select(names, variables), "environment")
    reading.names = dict.fromkeys(os.environ, SIMILARITY_IN_SHARED_SOURCES) | reading.names
    return variables


def _read_development_file(names: Collection[str], reading: Reading, variables: Mapping[str, str]) -> None:
    """Use the database of `inv dev`, which runs in this folder, if no database is configured."""
    is_configured = any(reading.values.get(name) or variables.get(f"{name}_file") for name in DATABASE_SETTINGS)
    if is_configured or reading.values.get("aws_secrets_manager_secret_name") or not DEVELOPMENT_FILE.is_file():
        return
    reading.override(_select(names, _variables(dotenv_values(DEVELOPMENT_FILE))), f"inv dev, {DEVELOPMENT_FILE}")


def _read_secrets_folder(folder: Path, names: Collection[str], reading: Reading) -> None:
    try:
        paths = sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        reading.problems.append(f"{folder} cannot be read: {error.strerror}. Correct its rights")
        return
    found: dict[str, Path] = {}
    for path in paths:
        name = path.name.lower()
        if name in found:
            reading.problems.append(f"{name.upper()} is in {folder} twice, in two spellings. Remove one")
        elif name in names:
            found[name] = path
    for name, path in found.items():
        _read_secret(reading, name, path, origin=str(path), place=f"{name.upper()} in {folder}")
    reading.names = {path.name: SIMILARITY_IN_SHARED_SOURCES for path in paths} | reading.names


def _read_named_files(folder: Path, secrets: Collection[str], reading: Reading, variables: Mapping[str, str]) -> None:
    """Read the files named by NAME_FILE variables. No message repeats the path, which may be the secret by mistake."""
    for name in secrets:
        pointer, path = f"{name.upper()}_FILE", variables.get(f"{name}_file")
        if not path:
            continue
        if variables.get(name):
            reading.problems.append(f"{name.upper()} and {pointer} are both set. Keep one of them")
        else:
            _read_secret(reading, name, Path(path), origin=f"{pointer}, {path}", place=f"The file that {pointer} names")
            if folder not in Path(path).parents:
                reading.secret_files[name] = Path(path)


def _read_secret(reading: Reading, name: str, path: Path, *, origin: str, place: str) -> None:
    try:
        reading.override({name: _secret_in(path)}, origin)
    except OSError as error:
        reading.problems.append(f"{place} cannot be read: {error.strerror}. Example: {SECRETS_FOLDER / name}")
    except ValueError as error:
        reading.problems.append(f"{place} {error}. Write the value into it, and nothing else")


def _secret_in(path: Path) -> str:
    """Return a file's text without line breaks at its end. Raises ``ValueError`` with the reason, and ``OSError``."""
    if path.exists() and not path.is_file():
        raise ValueError("is not a regular file")
    with path.open("rb") as file:
        content = file.read(MAXIMUM_SECRET_FILE_BYTES + 1)
    if len(content) > MAXIMUM_SECRET_FILE_BYTES:
        raise ValueError(f"is larger than {MAXIMUM_SECRET_FILE_BYTES // 1024} KiB")
    if any(content.startswith(mark) for mark in _BYTE_ORDER_MARKS):
        # Not removed silently: that would change the key of a service that has always read it as part of the value.
        raise ValueError("begins with a byte order mark, which editors on Windows add; save it as UTF-8 without one")
    try:
        text = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    if unwanted := next(filter(_is_invisible, text), None):
        # In UTF-16 without a byte order mark, every second character is U+0000.
        raise ValueError(f"holds an invisible character, U+{ord(unwanted):04X}")
    if not text:
        raise ValueError("is empty")
    return text


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE and character not in "\t\r\n"


def _read_aws(names: Collection[str], reading: Reading) -> None:
    name, region = (reading.values.get(each) for each in ("aws_secrets_manager_secret_name", "aws_region"))
    if not name:
        return
    try:
        secret = read_aws_secret(names, name=name, region=region)
    except SecretStoreError as error:
        reading.problems.append(str(error))
        return
    reading.override(secret.values, f"AWS Secrets Manager, {name}")
    reading.names |= dict.fromkeys(secret.names, SIMILARITY_IN_OWN_SOURCES)
