"""The forms of the pages. An empty field counts as left out."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

MAXIMUM_FIELD_LENGTH: Final = 1024
MAXIMUM_CREDENTIAL_LENGTH: Final = 32 * 1024
"""Characters of a passkey as a browser writes it."""


class SignedInPage(StrEnum):
    """The pages that people sign in for, by the last part of their address."""

    OVERVIEW = "overview"
    SECOND_FACTORS = "second-factors"
    PASSKEYS = "passkeys"
    SESSIONS = "sessions"
    APPLICATIONS = "applications"
    IDENTITIES = "identities"
    YOUR_DATA = "your-data"


class AdminPage(StrEnum):
    """The pages of administration, by the names of their templates."""

    USERS = "admin-users"
    USER = "admin-user"
    ROLES = "admin-roles"
    ROLE = "admin-role"
    INVITATIONS = "admin-invitations"
    CLIENTS = "admin-clients"
    CLIENT = "admin-client"
    AUDIT = "admin-audit"
    WEBHOOKS = "admin-webhooks"
    WEBHOOK = "admin-webhook"
    DEAD_LETTERS = "admin-dead-letters"


class _Form(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)


class PageForm(_Form):
    """A form of a page with cookies: it has the value by which the page was this browser's."""

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


class SetUpApplicationForm(PageForm):
    """Whether the new application takes the place of the one that is set up."""

    replace: bool = False


class ConfirmApplicationForm(PageForm):
    """The token of an application that is about to be set up, and the code that it shows."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class AddPasskeyForm(PageForm):
    """What an authenticator made, and how its owner calls it."""

    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)
    name: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class OwnPasskeyForm(PageForm):
    """The passkey that the form changes."""

    passkey_id: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class RenamePasskeyForm(OwnPasskeyForm):
    """The passkey, and its new name."""

    name: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class UsernameForm(PageForm):
    """The new user name."""

    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class NewEmailForm(PageForm):
    """The new e-mail address."""

    new_email: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class NewPasswordForm(PageForm):
    """The password, and the one that takes its place."""

    current_password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    new_password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class EndSessionForm(PageForm):
    """The session to end."""

    session_id: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class LinkIdentityForm(PageForm):
    """The provider of the identity to link, by its name in the settings."""

    provider: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class UnlinkIdentityForm(PageForm):
    """The identity to unlink."""

    identity_id: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class RemoveConsentForm(PageForm):
    """The application whose consent is taken back."""

    client_id: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
