"""The forms that the pages of signing in send."""

from typing import Final

from pydantic import Field

from doorward.web.forms import MAXIMUM_CREDENTIAL_LENGTH, MAXIMUM_FIELD_LENGTH, PageForm

EXPIRED: Final = "page.expired"
"""What a page says to a form that this browser was not shown, or not now."""

MAXIMUM_NEXT_LENGTH: Final = 32 * 1024


class NextForm(PageForm):
    """A form after which a person goes on to ``next``."""

    next: str = Field("", max_length=MAXIMUM_NEXT_LENGTH)
    stay: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    proof: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    """Whether a change of the own account waits for it: then a remembered device does not do."""


class SignInForm(NextForm):
    """A name and a password, or what a passkey has signed."""

    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)


class SecondFactorForm(NextForm):
    """A code, or what a passkey has signed, for a login that waits."""

    mfa_token: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)
    totp: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    """Whether the account has an application, whose code the page asks for."""
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)
    remember: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
