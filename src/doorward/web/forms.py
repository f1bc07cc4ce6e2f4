"""The forms of the pages. An empty field counts as left out."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from doorward.core.principal import MAXIMUM_TOKEN_LENGTH

MAXIMUM_FIELD_LENGTH: Final = 1024
MAXIMUM_CREDENTIAL_LENGTH: Final = 32 * 1024
"""What a browser writes of a passkey."""


class SignedInPage(StrEnum):
    """The pages that people sign in for, by the last part of their address."""

    SECOND_FACTORS = "second-factors"
    PASSKEYS = "passkeys"


class _Form(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)


class PageForm(_Form):
    """A form that acts for who is signed in, or signs in: with the value that its page had."""

    form_token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


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


class SignInForm(_Form):
    """What a passkey signed; or a name and a password."""

    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)
    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class LeadingForm(_Form):
    """A form that leads to one of the pages that people sign in for, whichever it was begun on."""

    then: SignedInPage = SignedInPage.SECOND_FACTORS


class SecondStepForm(LeadingForm):
    """A login that waits, and the second factor. ``totp`` and ``passkey``: what the page asks for beside codes."""

    mfa_token: str = Field("", max_length=MAXIMUM_TOKEN_LENGTH)
    totp: bool = False
    passkey: bool = False
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)


class SignedInForm(_Form):
    """The session of the page."""

    access_token: str = Field("", max_length=MAXIMUM_TOKEN_LENGTH)


class ProofForm(SignedInForm, LeadingForm):
    """The session of the page, and what shows again who is asking."""

    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)


class SetUpApplicationForm(SignedInForm):
    """Whether the new application takes the place of the one that is set up."""

    replace: bool = False


class ConfirmApplicationForm(SignedInForm):
    """The token of an application that is about to be set up, and the code that it shows."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class AddPasskeyForm(SignedInForm):
    """What an authenticator made, and how its owner calls it."""

    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)
    name: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class OwnPasskeyForm(SignedInForm):
    """Which passkey."""

    passkey_id: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class RenamePasskeyForm(OwnPasskeyForm):
    """And how its owner calls it from now on."""

    name: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
