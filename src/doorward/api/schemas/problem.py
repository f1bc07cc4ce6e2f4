"""The one shape of all errors (RFC 9457)."""

from pydantic import BaseModel, Field

from doorward.api.schemas.health import CheckState


class FieldError(BaseModel):
    """What is wrong with one part of the request. Never holds what was sent."""

    pointer: str = Field(description="Where: a JSON pointer (RFC 6901) into the request.", examples=["/body/email"])
    code: str = Field(examples=["missing"])
    detail: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """A refusal. ``code`` is stable; ``detail`` says what to do next."""

    type: str = Field(examples=["urn:doorward:problem:invalid_request"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str
    code: str = Field(examples=["invalid_request"])
    correlation_id: str
    errors: list[FieldError] | None = Field(None, description="With status 422 only: the first 100.")
    checks: dict[str, CheckState] | None = Field(
        None, description="Of readiness only: what the service leans on, and which of it cannot be used."
    )
    error: str | None = Field(None, description="RFC 6749 section 5.2, at the token endpoints only.")
    error_description: str | None = Field(None, description="RFC 6749 section 5.2, at the token endpoints only.")
