"""What the bodies of requests have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict


def leave_out_defaults(schema: dict[str, Any]) -> None:
    """Remove the defaults of a body's members from its JSON schema.

    Generated clients send a documented default for each member that their caller left out, which in a PATCH overwrites
    what is stored, or they demand the member. A member's description says what its absence means.
    """
    for member in schema.get("properties", {}).values():
        member.pop("default", None)


class RequestBody(BaseModel):
    """A body whose members all have a name that is known. Its schema has no defaults."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, json_schema_extra=leave_out_defaults)
