"""The base class of the models of all topics, and helpers for their validators."""

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo

ENVIRONMENT_CONTEXT = "environment"


class Topic(BaseModel):
    """The settings of one topic: a flat model. ``config`` builds it, with the environment in the validation context."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


def is_development(info: ValidationInfo) -> bool:
    """Return whether a validator may be lenient. A topic that is built without a context counts as production."""
    return (info.context or {}).get(ENVIRONMENT_CONTEXT) == "development"


def _split_at_commas(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


split_list = BeforeValidator(_split_at_commas)
"""Validator of list settings, which are comma-separated text in every source, without quotes or brackets."""
