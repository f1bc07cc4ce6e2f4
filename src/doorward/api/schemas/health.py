"""Bodies of the health calls."""

from typing import Literal

from pydantic import BaseModel


class HealthResponse(BaseModel):
    """All is well."""

    status: Literal["ok"] = "ok"
    version: str
