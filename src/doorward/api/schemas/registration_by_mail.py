"""Bodies of the routes that create accounts by mail."""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from doorward.api.schemas.accounts import TokenOrEmailAndCode, with_one_of
from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.api.schemas.requests import RequestBody

_TOKEN: Final = "dwo_..."  # noqa: S105 - an example
_CODE: Final = "12345678"


class RegistrationRequestedResponse(BaseModel):
    """The response to a registration that its mail completes. Keep the token in the page, to send it with the code."""

    registration_token: str = Field(examples=[_TOKEN])


class ConfirmRegistrationRequest(RequestBody):
    """The token of the mail's link and the password, or the mail's code and the token of the registration response."""

    model_config = ConfigDict(json_schema_extra=with_one_of(["token", "password"], ["registration_token", "code"]))

    token: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=[_TOKEN])
    password: str | None = Field(
        None,
        max_length=MAXIMUM_FIELD_LENGTH,
        description="The password that was chosen at registration.",
        json_schema_extra={"format": "password"},
    )
    registration_token: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=[_TOKEN])
    code: str | None = Field(None, max_length=MAXIMUM_FIELD_LENGTH, examples=[_CODE])

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = tuple(each is not None for each in (self.token, self.password, self.registration_token, self.code))
        if given not in {(True, True, False, False), (False, False, True, True)}:
            raise ValueError("Send either token and password, or registration_token and code")
        return self


class ResendRegistrationRequest(RequestBody):
    """The token of the registration response."""

    registration_token: str = Field(max_length=MAXIMUM_FIELD_LENGTH, examples=[_TOKEN])


class AcceptInvitationRequest(TokenOrEmailAndCode):
    """A user name, a password, and the token of the mail's link or its code and the address it was sent to."""

    username: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH, description="The rules of registration apply.", examples=["ada"]
    )
    password: str = Field(
        max_length=MAXIMUM_FIELD_LENGTH,
        description="8 to 256 visible characters, as at registration.",
        examples=["correct horse battery"],
        json_schema_extra={"format": "password", "minLength": 8, "maxLength": 256},
    )
