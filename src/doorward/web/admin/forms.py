"""The forms of the admin pages. Empty fields and unticked checkboxes count as missing."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.oauth.models import GrantType, KeyAlgorithm, SharedMethod
from doorward.web.forms import PageForm

MAXIMUM_LIST_LENGTH: Final = 16 * 1024
"""Maximum length of a list in a text field: the longest list of redirect URIs has about 10 KiB."""

_Text = Annotated[str, Field(max_length=MAXIMUM_FIELD_LENGTH)]
_List = Annotated[str, Field(max_length=MAXIMUM_LIST_LENGTH)]


class InviteForm(PageForm):
    """The address to invite, and the names of the roles, separated by spaces."""

    email: _Text = ""
    roles: _Text = ""


class RevokeInvitationForm(PageForm):
    """The invitation to revoke."""

    invitation_id: _Text = ""


class CreateUserForm(InviteForm):
    """A user to create, with a password."""

    username: _Text = ""
    password: _Text = ""


class UserForm(PageForm):
    """The user that the form changes."""

    user_id: _Text = ""


class ChangeUserForm(UserForm):
    """The changes to a user, and the version that the page showed."""

    version: int = 0
    username: _Text = ""
    email: _Text = ""
    roles: _Text = ""
    locale: _Text = ""
    external_id: _Text = ""


class DeleteUserForm(UserForm):
    """Whether a user is deleted at once, and the version that the page showed."""

    version: int = 0
    now: bool = False


class RoleForm(PageForm):
    """The role that the form changes, and the version that the page showed."""

    name: _Text = ""
    version: int = 0


class ChangeRoleForm(RoleForm):
    """The description and the scopes of a role. Each scope is a checkbox with its name."""

    model_config = ConfigDict(extra="allow")

    description: _Text = ""

    @property
    def scopes(self) -> Sequence[AdminScope]:
        """The ticked scopes."""
        return [scope for scope in AdminScope if scope in (self.model_extra or {})]


class ClientForm(PageForm):
    """The client, and the version that the page showed."""

    client_id: _Text = ""
    version: int = 0


class ClientContentForm(ClientForm):
    """The content of a client. Scopes, resources and addresses are separated by spaces or line breaks."""

    name: _Text = ""
    auth_method: SharedMethod | Literal[""] = ""
    authorization_code: bool = False
    client_credentials: bool = False
    device_code: bool = False
    refresh_token: bool = False
    scopes: _List = ""
    resources: _List = ""
    redirect_uris: _List = ""
    post_logout_uris: _List = ""
    id_token_algorithm: KeyAlgorithm = "RS256"  # noqa: S105 - the name of an algorithm
    requires_pushed_requests: bool = False
    backchannel_logout_uri: _Text = ""

    @property
    def grant_types(self) -> tuple[GrantType, ...]:
        """The ticked grant types."""
        ticked: dict[GrantType, bool] = {
            "authorization_code": self.authorization_code,
            "client_credentials": self.client_credentials,
            "urn:ietf:params:oauth:grant-type:device_code": self.device_code,
            "refresh_token": self.refresh_token,
        }
        return tuple(name for name, is_ticked in ticked.items() if is_ticked)


class WebhookForm(PageForm):
    """The webhook, and the version that the page showed."""

    webhook_id: _Text = ""
    version: int = 0


class WebhookContentForm(WebhookForm):
    """The content of a webhook. Types are separated by spaces; without any, it gets events of all types."""

    url: Annotated[str, Field(max_length=MAXIMUM_LIST_LENGTH)] = ""
    description: _Text = ""
    types: _List = ""
    is_enabled: bool = False


class ReplayForm(WebhookForm):
    """The time range of the events to send again, in UTC."""

    since: _Text = ""
    until: _Text = ""


class DeadLetterForm(PageForm):
    """The dead letter to retry."""

    message_id: Annotated[str, Field(max_length=18, pattern="^[0-9]*$")] = ""


class RetryAllForm(PageForm):
    """The webhook whose dead letters to retry."""

    webhook_id: _Text = ""
