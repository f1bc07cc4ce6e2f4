"""Bodies of the health calls."""

from typing import Literal

from pydantic import BaseModel, Field

CheckState = Literal["ok", "failed", "draining"]


class HealthResponse(BaseModel):
    """All is well."""

    status: Literal["ok"] = "ok"
    version: str


class ReadinessResponse(HealthResponse):
    """All that the service leans on can be used."""

    checks: dict[str, CheckState] = Field(examples=[{"database": "ok", "schema": "ok", "writes": "ok"}])
