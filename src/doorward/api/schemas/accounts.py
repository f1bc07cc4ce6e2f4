"""Bodies of the routes that verify, recover and change an account."""

from collections.abc import Callable
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.api.schemas.requests import RequestBody, leave_out_defaults

_TOKEN: Final = "dwo_..."  # noqa: S105 - an example
_CODE: Final = "12345678"
_NEW_PASSWORD: Final = "8 to 256 visible characters, as at registration."  # noqa: S105 - a description


def with_one_of(*required: list[str]) -> Callable[[dict[str, Any]], None]:
    """Return a function that adds to a JSON schema: exactly one of these lists of members is required."""

    def add(schema: dict[str, Any]) -> None:
        leave_out_defaults(schema)
        schema["oneOf"] = [{"required": each} for each in required]

    return add


class ForgotPasswordRequest(RequestBody):
    """The address of the account whose password was forgotten."""

    email: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH, examples=["ada@example.com"], json_schema_extra={"format": "email"}
    )


class TokenOrEmailAndCode(RequestBody):
    """The token of a mail's link, or the mail's code and the address to which it was sent."""

    model_config = ConfigDict(json_schema_extra=with_one_of(["token"], ["email", "code"]))

    token: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=[_TOKEN])
    email: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=["ada@example.com"])
    code: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=[_CODE])

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = (self.token is not None, self.email is not None, self.code is not None)
        if given not in {(True, False, False), (False, True, True)}:
            raise ValueError("Send either token, or email and code")
        return self


class ResetPasswordRequest(TokenOrEmailAndCode):
    """A new password, with the token of the mail's link, or with the mail's code and the address it was sent to."""

    new_password: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description=_NEW_PASSWORD,
        examples=["correct horse battery"],
        json_schema_extra={"format": "password", "minLength": 8, "maxLength": 256},
    )


class EmailChangeRequest(RequestBody):
    """The new address of the account."""

    new_email: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH, examples=["ada.lovelace@example.com"], json_schema_extra={"format": "email"}
    )


class ConfirmEmailChangeRequest(RequestBody):
    """The token of a mail's link, or the mail's code, from the old mailbox or the new one."""

    model_config = ConfigDict(json_schema_extra=with_one_of(["token"], ["code"]))

    token: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=[_TOKEN])
    code: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=[_CODE])

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.token is None) == (self.code is None):
            raise ValueError("Send either token or code")
        return self


class WaitingForMailboxResponse(BaseModel):
    """One mailbox has confirmed the change. The account keeps its address until the other one confirms, too."""

    status: Literal["waiting_for"] = "waiting_for"
    mailbox: Literal["old", "new"] = Field(description="The mailbox that must still confirm.")


class VerifyEmailRequest(RequestBody):
    """The token of the mail's link, or the mail's code if an access token is sent."""

    model_config = ConfigDict(json_schema_extra=with_one_of(["token"], ["code"]))

    token: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=[_TOKEN])
    code: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=[_CODE])
    password: str | None = Field(
        None,
        max_length=MAXIMUM_FIELD_LENGTH,
        description="The account's password. Needed with `token` if no access token is sent.",
        json_schema_extra={"format": "password"},
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.token is None) == (self.code is None) or (self.password is not None and self.token is None):
            raise ValueError("Send either token, or code with an access token")
        return self
