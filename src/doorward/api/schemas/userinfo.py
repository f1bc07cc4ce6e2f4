"""The claims about its user that an application may read."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from doorward.api.schemas.requests import leave_out_defaults
from doorward.domain.auth.callers import Caller
from doorward.domain.oauth.policy import EMAIL_SCOPE, PROFILE_SCOPE


class UserInfoResponse(BaseModel):
    """OpenID Connect Core section 5.1. Claims that the scopes do not allow are left out."""

    model_config = ConfigDict(json_schema_extra=leave_out_defaults)

    sub: str = Field(description="The id of the user, the same for all applications.")
    preferred_username: str | None = Field(None, description="With the scope `profile`.", examples=["ada"])
    email: str | None = Field(None, description="With the scope `email`.", examples=["ada@example.com"])
    email_verified: bool | None = Field(None, description="With the scope `email`.")

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """Return the claims that the scopes of the caller's token allow."""
        user, scopes = caller.user, caller.scopes
        has_email = EMAIL_SCOPE in scopes and bool(user.email)
        return cls(
            sub=str(user.id),
            preferred_username=user.username if PROFILE_SCOPE in scopes else None,
            email=user.email if has_email else None,
            email_verified=caller.is_email_verified if has_email else None,
        )
