"""The forms of the pages. An empty field counts as missing."""

from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH

MAXIMUM_QUERY_LENGTH: Final = 32 * 1024
MAXIMUM_DECISION_LENGTH: Final = 16
MAXIMUM_CREDENTIAL_LENGTH: Final = 32 * 1024
"""Maximum number of characters of a passkey's JSON from the browser."""


class SignedInPage(StrEnum):
    """The pages that require a sign-in, by the last segment of their path."""

    OVERVIEW = "overview"
    SECOND_FACTORS = "second-factors"
    PASSKEYS = "passkeys"
    SESSIONS = "sessions"
    APPLICATIONS = "applications"
    IDENTITIES = "identities"
    YOUR_DATA = "your-data"


class AdminPage(StrEnum):
    """The admin pages. With underscores, the value is the name of the template."""

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
    """A form of a page with cookies. Its token binds it to the browser that shows it."""

    form_token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class DecisionForm(PageForm):
    """The user's decision about an authorization request."""

    query: str = Field("", max_length=MAXIMUM_QUERY_LENGTH)
    decision: str = Field("", max_length=MAXIMUM_DECISION_LENGTH)


class VerifyEmailForm(_Form):
    """The password of the account, and the link's token or the account's name with the mail's code."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class RestoreForm(_Form):
    """The name and the password of an account that is to be deleted."""

    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class ConfirmEmailChangeForm(VerifyEmailForm):
    """The same fields as ``VerifyEmailForm``."""


class ResetPasswordForm(_Form):
    """A new password, and the link's token or the address with the mail's code."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    email: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    new_password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class ConfirmRegistrationForm(_Form):
    """The password of the registration, and the link's token or its address and name with the mail's code."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    email: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class AcceptInvitationForm(_Form):
    """A user name, a password, and the link's token or the invited address with the mail's code."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    email: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    password: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class SetUpApplicationForm(PageForm):
    """Whether the new authenticator app replaces the current one."""

    replace: bool = False


class ConfirmApplicationForm(PageForm):
    """The token of the enrolment of an authenticator app, and the app's current code."""

    token: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
    code: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class AddPasskeyForm(PageForm):
    """A new credential of an authenticator, and its name."""

    credential: str = Field("", max_length=MAXIMUM_CREDENTIAL_LENGTH)
    name: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class OwnPasskeyForm(PageForm):
    """The passkey that the form changes."""

    passkey_id: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class RenamePasskeyForm(OwnPasskeyForm):
    """The passkey and its new name."""

    name: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class UsernameForm(PageForm):
    """The new user name."""

    username: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class NewEmailForm(PageForm):
    """The new e-mail address."""

    new_email: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)


class NewPasswordForm(PageForm):
    """The current password and the new one."""

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
    """The application whose consent is revoked."""

    client_id: str = Field("", max_length=MAXIMUM_FIELD_LENGTH)
