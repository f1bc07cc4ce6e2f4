"""The forms of the pages. An empty field counts as left out."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

MAXIMUM_FIELD_LENGTH: Final = 1024


class _Form(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)


class VerifyEmailForm(_Form):
    """The password of the account, with the link's token; or with the account's name and the mail's code."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class RestoreForm(_Form):
    """The name and the password of an account that waits for its deletion."""

    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class ConfirmEmailChangeForm(VerifyEmailForm):
    """As ``VerifyEmailForm``."""


class ResetPasswordForm(_Form):
    """A new password, with the link's token; or with the address and the mail's code."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    email: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    new_password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class ConfirmRegistrationForm(_Form):
    """The password of the registration, with the link's token; or with its address, its name and the mail's code."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    email: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class AcceptInvitationForm(_Form):
    """A user name and a password, with the link's token; or with the invited address and the mail's code."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    email: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
