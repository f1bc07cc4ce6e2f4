"""The base classes of request bodies and of query parameters."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

_FORBID_EXTRA: Final = ConfigDict(extra="forbid", hide_input_in_errors=True)


def leave_out_defaults(schema: dict[str, Any]) -> None:
    """Remove the defaults of a body's members from its JSON schema.

    Some generated clients send the documented default of every member that their caller left out, which overwrites
    stored values in a PATCH. Others require the member. A member's description says what its absence means.
    """
    for member in schema.get("properties", {}).values():
        member.pop("default", None)


class RequestBody(BaseModel):
    """A request body that refuses unknown members. Its schema has no defaults."""

    model_config = ConfigDict(**_FORBID_EXTRA, json_schema_extra=leave_out_defaults)


class QueryParameters(BaseModel):
    """Query parameters. Unknown ones are refused."""

    model_config = _FORBID_EXTRA
