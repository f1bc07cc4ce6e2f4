"""Bodies of the account routes."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from doorward.api.schemas.accounts import with_one_of
from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.api.schemas.ceremonies import AuthenticationJson
from doorward.api.schemas.requests import RequestBody

_CurrentPassword = Annotated[
    str,
    Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="The current password of the account.",
        examples=["correct horse battery"],
        json_schema_extra={"format": "password"},
    ),
]


class AccountPatch(RequestBody):
    """Changes to the account (RFC 7396). Members that are left out stay unchanged."""

    # The default is never stored: only members that were sent are read.
    username: str = Field(
        "",
        max_length=MAXIMUM_FIELD_LENGTH,
        description="The rules of registration apply. Sessions, tokens and the account's id stay valid.",
        examples=["ada.lovelace"],
    )


class PasswordChangeRequest(RequestBody):
    """The current password, and the new one."""

    current_password: _CurrentPassword
    new_password: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="The rules of registration apply: 8 to 256 visible characters, not a common password, and not made "
        "of the user's own names.",
        examples=["three red kites circling"],
        json_schema_extra={"format": "password", "minLength": 8, "maxLength": 256},
    )


class ReauthenticationRequest(RequestBody):
    """The password, or a second factor: a code or a passkey. An account with a second factor must use it."""

    model_config = ConfigDict(json_schema_extra=with_one_of(["password"], ["code"], ["credential"]))

    password: _CurrentPassword | None = None
    code: str | None = Field(
        None,
        max_length=MAXIMUM_FIELD_LENGTH,
        description="Six digits from the authenticator app, or a recovery code.",
        examples=["123456"],
    )
    credential: AuthenticationJson | None = Field(
        None, description="The passkey's response to the options of `/api/v1/account/reauthenticate/options`."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if [self.password, self.code, self.credential].count(None) != 2:  # noqa: PLR2004 - one of three is left
            raise ValueError("Send one of password, code and credential")
        return self


class EndSessionsRequest(RequestBody):
    """Which sessions to end."""

    which: Literal["others", "all"] = Field(
        description="`others`: all except the current one. `all`: the current one, too.", examples=["others"]
    )


class FactorResponse(BaseModel):
    """A second factor of the account."""

    id: UUID
    kind: str


class AccountResponse(BaseModel):
    """The account, as its owner sees it in this session. The ETag is the version that a change may require."""

    id: UUID
    email: str | None = Field(description="null for a user of another issuer who has no address here.")
    email_verified: bool = Field(description="Whether the owner has verified the address.")
    email_bounced_at: datetime | None = Field(
        description="When its mail server rejected the address as unknown; null again once a mail is delivered. Until "
        "then the address gets no notices."
    )
    username: str
    created_at: datetime
    factors: list[FactorResponse] = Field(description="Second factors. Empty: the password alone is enough to sign in.")
    previous_login: datetime | None = Field(
        description="When the previous session began; null if none is known. A user who does not recognize it should "
        "check the list of sessions."
    )
    pending_email: str | None = Field(description="The new address of an unconfirmed change.")


class SessionResponse(BaseModel):
    """A live session: one login on one device."""

    id: UUID
    current: bool = Field(description="Whether it is the session of this request.")
    user_agent: str | None = Field(description="The User-Agent of the browser or application at the login.")
    address: str | None = Field(description="The client's address at the login, as far as CLIENT_ADDRESSES stores it.")
    created_at: datetime
    refreshed_at: datetime = Field(description="When its tokens were last refreshed.")
    amr: list[str] = Field(description="How the user authenticated (RFC 8176).", examples=[["pwd"]])


class SessionListResponse(BaseModel):
    """The live sessions of the user, at most 250: the current one first, then in the order of their last use."""

    sessions: list[SessionResponse]
