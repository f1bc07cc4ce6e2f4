"""Strict JSON without ambiguities: no repeated members, no NaN, no endless nesting."""

import json
from typing import Any


def parse_object(text: bytes) -> dict[str, Any]:
    """Parse a JSON object. Raises ``ValueError`` for anything else."""
    try:
        parsed = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("The JSON text is nested too deeply.") from error
    if not isinstance(parsed, dict):
        # Callers catch one class for all errors of the text.
        raise ValueError("The JSON text is not an object.")  # noqa: TRY004 - as above
    return parsed


def _without_duplicates(members: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(members)
    if len(parsed) != len(members):
        raise ValueError("The JSON text has an object with a repeated member.")
    return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"The JSON text has {name}, which is no JSON.")
