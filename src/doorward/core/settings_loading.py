"""From what the environment says to checked settings, or to one sentence for each thing that is wrong with it."""

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeVar

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings

LIKENESS_IN_FILE: Final = 0.85
LIKENESS_IN_ENVIRONMENT: Final = 0.9
"""difflib's ratio from which a name is taken for a misspelt setting."""

Model = TypeVar("Model", bound=BaseSettings)


class SettingsError(Exception):
    """The settings cannot be used. ``problems`` has one sentence for each, never with a secret's value."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the sentences; the message is all of them, one a line."""
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def load(model: type[Model]) -> Model:
    """Read ``.env`` and the environment (which wins).

    Raises ``SettingsError`` with one sentence for each variable that is misspelt or unusable.
    """
    try:
        problems = [*_misspelt_names(model)]
        settings = model()
    except UnicodeDecodeError:
        raise SettingsError([".env is not UTF-8 text. Write it again as such"]) from None
    except ValidationError as error:
        # A value that may be of several types is refused once for each; the first refusal says enough.
        refusals = {details["loc"][:1]: details for details in reversed(error.errors(include_input=False))}
        problems += [_sentence(model, details["loc"], details["msg"]) for details in reversed(refusals.values())]
    if problems:
        raise SettingsError(problems)
    return settings


def _misspelt_names(model: type[BaseSettings]) -> Iterable[str]:
    """Yield what looks like a setting and is none. The environment holds others' names: only close ones count there."""
    names = [name.upper() for name in model.model_fields]
    in_file = dotenv_values(Path(".env"), interpolate=False) if Path(".env").is_file() else {}
    for given in sorted({*os.environ, *in_file}):
        likeness = LIKENESS_IN_FILE if given in in_file else LIKENESS_IN_ENVIRONMENT
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
