"""The one shape of all errors (RFC 9457)."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from doorward.api.schemas.health import CheckState
from doorward.api.schemas.requests import leave_out_defaults


class OAuthError(BaseModel):
    """A refusal in the words of RFC 6749 section 5.2, with an id by which the operator finds its log lines."""

    error: str
    error_description: str
    correlation_id: str


class FieldError(BaseModel):
    """What is wrong with one part of the request. Never holds a value that was sent."""

    pointer: str = Field(description="Where: a JSON pointer (RFC 6901) into the request.", examples=["/body/email"])
    code: str = Field(examples=["missing"])
    detail: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """A refusal. ``code`` is stable; ``detail`` says what to do next."""

    # A member that does not apply is left out of an answer, never null.
    model_config = ConfigDict(json_schema_extra=leave_out_defaults)

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str
    errors: list[FieldError] | SkipJsonSchema[None] = Field(
        None, description="The first 100 parts of the request that are wrong."
    )
    checks: dict[str, CheckState] | SkipJsonSchema[None] = Field(
        None, description="Of readiness only: what the service needs, and which of it cannot be used."
    )
    restore_token: str | SkipJsonSchema[None] = Field(
        None, description="Of deletion_pending only: restores the account, within ten minutes."
    )
    deletes_at: datetime | SkipJsonSchema[None] = Field(
        None, description="Of deletion_pending only: when the account will be deleted."
    )
    error: str | SkipJsonSchema[None] = Field(None, description="RFC 6749 section 5.2, at the token endpoints only.")
    error_description: str | SkipJsonSchema[None] = Field(
        None, description="RFC 6749 section 5.2, at the token endpoints only."
    )
