"""Bodies of the calls that concern the applications of a signed-in user."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class ApplicationResponse(BaseModel):
    """An application, and what its user allowed it."""

    model_config = ConfigDict(from_attributes=True)

    client_id: str = Field(examples=["dwc_Zm9vYmFyYmF6cXV4cXV1eA"])
    name: str
    scopes: list[str] = Field(examples=[["openid", "profile"]])
    granted_at: datetime


class ApplicationListResponse(BaseModel):
    """All of them, by their names."""

    applications: list[ApplicationResponse]
