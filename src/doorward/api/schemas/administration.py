"""Bodies of the admin routes for roles."""

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
        description="2 to 32 lower-case letters, digits, underscores and hyphens, starting with a letter. Immutable.",
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
        description="Admin scopes of the role; may be empty. You must have all of them yourself.",
        examples=[["admin:users:read"]],
    ),
]


class RoleBody(RequestBody):
    """A role to create."""

    name: _RoleName
    description: _Description = ""
    scopes: _Scopes = Field(default_factory=list)


class RolePatch(RequestBody):
    """Changes to a role (RFC 7396). Members that are left out stay unchanged."""

    description: _Description | None = None
    scopes: _Scopes | None = None


class RoleResponse(BaseModel):
    """A role. The ETag is its ``version``."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID = Field(description="The id of the role in events.")
    name: str = Field(description="The name in users' `roles`, and in the claim `roles` of their access tokens.")
    description: str
    scopes: list[str]
    is_built_in: bool = Field(description="A built-in role cannot be changed.")
    version: int
    created_at: datetime
    updated_at: datetime


class RoleListResponse(BaseModel):
    """All roles: built-in roles first, then by name."""

    roles: list[RoleResponse]
