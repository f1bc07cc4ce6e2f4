"""Bodies of the calls of administration that concern roles."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.api.schemas.requests import RequestBody
from doorward.domain.auth.scopes import ADMIN_SCOPES, AdminScope

_RoleName = Annotated[
    str,
    Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="2 to 32 small letters, digits, underscores and hyphens, a letter in front. It never changes.",
        examples=["shop-manager"],
    ),
]
_Description = Annotated[
    str,
    Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="One line of at most 200 characters.",
        examples=["Sees the customers of the shop."],
    ),
]
_Scopes = Annotated[
    list[AdminScope],
    Field(
        max_length=len(ADMIN_SCOPES),
        description="What the role gives of administration; it may be nothing. All must be scopes of your own.",
        examples=[["admin:users:read"]],
    ),
]


class RoleBody(RequestBody):
    """A role to define."""

    name: _RoleName
    description: _Description = ""
    scopes: _Scopes = Field(default_factory=list)


class RolePatch(RequestBody):
    """What to change of a role (RFC 7396). What is left out stays."""

    description: _Description | None = None
    scopes: _Scopes | None = None


class RoleResponse(BaseModel):
    """A role. ``version`` is what its ETag says."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="What events name the role by.")
    name: str = Field(description="What users have, and what their access tokens carry in `roles`.")
    description: str
    scopes: list[str]
    is_built_in: bool = Field(description="A built-in role stays as it is.")
    version: int
    created_at: datetime
    updated_at: datetime


class RoleListResponse(BaseModel):
    """All roles: the built-in ones first, then by name."""

    roles: list[RoleResponse]
