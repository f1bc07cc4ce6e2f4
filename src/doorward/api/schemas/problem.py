"""The bodies of error responses (RFC 9457, RFC 6749)."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from doorward.api.schemas.health import CheckState
from doorward.api.schemas.requests import leave_out_defaults


class OAuthError(BaseModel):
    """An error response of RFC 6749 section 5.2, with an id by which the operator finds its log lines."""

    error: str
    error_description: str
    correlation_id: str


class FieldError(BaseModel):
    """An error in one part of the request. It never contains a value of the request."""

    pointer: str = Field(description="The part: a JSON pointer (RFC 6901) into the request.", examples=["/body/email"])
    code: str = Field(examples=["missing"])
    detail: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """A refusal. ``code`` is stable; ``detail`` says what to do next."""

    # A member that does not apply is left out of a response, never null.
    model_config = ConfigDict(json_schema_extra=leave_out_defaults)

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str
    errors: list[FieldError] | SkipJsonSchema[None] = Field(
        None, description="The first 100 errors in parts of the request."
    )
    checks: dict[str, CheckState] | SkipJsonSchema[None] = Field(
        None, description="Only for readiness: the dependencies of the service and their states."
    )
    restore_token: str | SkipJsonSchema[None] = Field(
        None, description="Only for deletion_pending: restores the account within ten minutes."
    )
    deletes_at: datetime | SkipJsonSchema[None] = Field(
        None, description="Only for deletion_pending: when the account will be deleted."
    )
    mfa_token: str | SkipJsonSchema[None] = Field(
        None, description="Only for second_factor_required: completes the login with a second factor."
    )
    methods: list[str] | SkipJsonSchema[None] = Field(
        None, description="Only for second_factor_required: the methods by which a second factor can be shown."
    )
    error: str | SkipJsonSchema[None] = Field(None, description="RFC 6749 section 5.2, at calls that return tokens.")
    error_description: str | SkipJsonSchema[None] = Field(
        None, description="RFC 6749 section 5.2, at calls that return tokens."
    )
