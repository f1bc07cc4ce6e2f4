"""Bodies of the account calls."""

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
        description="The password that the account has now.",
        examples=["correct horse battery"],
        json_schema_extra={"format": "password"},
    ),
]


class AccountPatch(RequestBody):
    """What to change of the account (RFC 7396). What is left out stays."""

    # The default is never stored: only the members that were sent are read.
    username: str = Field(
        "",
        max_length=MAXIMUM_FIELD_LENGTH,
        description="By the rules of a registration. Sessions, tokens and the account's id stay.",
        examples=["ada.lovelace"],
    )


class PasswordChangeRequest(RequestBody):
    """The password that the account has, and the one that replaces it."""

    current_password: _CurrentPassword
    new_password: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="By the rules of a registration: 8 to 256 visible characters, not a common password, and not made "
        "of the user's own names.",
        examples=["three red kites circling"],
        json_schema_extra={"format": "password", "minLength": 8, "maxLength": 256},
    )


class ReauthenticationRequest(RequestBody):
    """The password, shown again; or a second factor, which an account that has one needs: a code or a passkey."""

    model_config = ConfigDict(json_schema_extra=with_one_of(["password"], ["code"], ["credential"]))

    password: _CurrentPassword | None = None
    code: str | None = Field(
        None,
        max_length=MAXIMUM_FIELD_LENGTH,
        description="Six digits of the authenticator application, or a recovery code.",
        examples=["123456"],
    )
    credential: AuthenticationJson | None = Field(
        None, description="A passkey's answer to the options of `/api/v1/account/reauthenticate/options`."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if [self.password, self.code, self.credential].count(None) != 2:  # noqa: PLR2004 - one of three is left
            raise ValueError("Send one of password, code and credential")
        return self


class EndSessionsRequest(RequestBody):
    """Which sessions to end."""

    which: Literal["others", "all"] = Field(
        description="`others`: all but the one that asks. `all`: that one, too.", examples=["others"]
    )


class FactorResponse(BaseModel):
    """A second factor of the account."""

    id: UUID
    kind: str


class AccountResponse(BaseModel):
    """The account, as its owner sees it in this session. Its version is the ETag."""

    id: UUID
    email: str
    email_verified: bool = Field(description="Whether the address has been shown to be the owner's.")
    email_bounced_at: datetime | None = Field(
        description="When the mail server of the address refused it as unknown; null once a mail arrives. Until then "
        "the address gets no notices."
    )
    username: str
    created_at: datetime
    factors: list[FactorResponse] = Field(description="Second factors. Empty: the password alone signs in.")
    previous_login: datetime | None = Field(
        description="When the session before this one began; null if none is known. A person who does not recall it "
        "should look at the list of sessions."
    )
    pending_email: str | None = Field(description="The address of a change that was not confirmed yet.")


class SessionResponse(BaseModel):
    """A live session: one login on one device."""

    id: UUID
    current: bool = Field(description="Whether it is the session that asks.")
    user_agent: str | None = Field(description="As the browser or the application named itself at the login.")
    address: str | None = Field(description="Of the client at the login, as far as CLIENT_ADDRESSES has it stored.")
    created_at: datetime
    refreshed_at: datetime = Field(description="When its tokens were last exchanged.")
    amr: list[str] = Field(description="How the user authenticated (RFC 8176).", examples=[["pwd"]])


class SessionListResponse(BaseModel):
    """The live sessions of the user: the current one first, then by their last use; 250 at most."""

    sessions: list[SessionResponse]
