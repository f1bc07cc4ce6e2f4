"""Bodies of the routes for the applications of a signed-in user."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class ApplicationResponse(BaseModel):
    """An application with the scopes that the user has granted it."""

    model_config = ConfigDict(from_attributes=True)

    client_id: str = Field(examples=["dwc_Zm9vYmFyYmF6cXV4cXV1eA"])
    name: str
    scopes: list[str] = Field(examples=[["openid", "profile"]])
    granted_at: datetime


class ApplicationListResponse(BaseModel):
    """All applications of the user, by name."""

    applications: list[ApplicationResponse]
