"""The forms of the sign-in pages."""

from typing import Final

from pydantic import Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.web.forms import MAXIMUM_CREDENTIAL_LENGTH, PageForm

EXPIRED: Final = "page.expired"
"""Key of the text for a form whose token is not valid in this browser or session."""

MAXIMUM_NEXT_LENGTH: Final = 32 * 1024


class NextForm(PageForm):
    """A form after which the browser continues at ``next``."""

    next: str = Field("", max_length=MAXIMUM_NEXT_LENGTH)
    stay: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    proof: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    """Not empty if a change to the own account needs a new authentication: the second factor cannot be skipped then."""


class SignInForm(NextForm):
    """A name and a password, or a signature of a passkey."""

    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)


class SecondFactorForm(NextForm):
    """A code or a signature of a passkey for a pending login."""

    mfa_token: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)
    totp: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    """Not empty if the account has an authenticator app, whose code the page asks for."""
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)
    remember: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
