"""Bodies of the health probes."""

from typing import Literal

from pydantic import BaseModel, Field

CheckState = Literal["ok", "failed", "draining"]


class HealthResponse(BaseModel):
    """The probe has succeeded."""

    status: Literal["ok"] = "ok"
    version: str


class ReadinessResponse(HealthResponse):
    """All dependencies of the service are available."""

    checks: dict[str, CheckState] = Field(examples=[{"database": "ok", "schema": "ok", "writes": "ok"}])
