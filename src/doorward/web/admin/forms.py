"""The forms of administration. An empty field counts as left out, and so does a box that is not ticked."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from doorward.domain.auth.scopes import AdminScope
from doorward.domain.oauth.models import GrantType, KeyAlgorithm, SharedMethod
from doorward.web.forms import MAXIMUM_FIELD_LENGTH, PageForm

MAXIMUM_LIST_LENGTH: Final = 16 * 1024
"""Of what is typed as a list: the longest one of redirect URIs has some 10 KiB."""

_Text = Annotated[str, Field(max_length=MAXIMUM_FIELD_LENGTH)]
_List = Annotated[str, Field(max_length=MAXIMUM_LIST_LENGTH)]


class InviteForm(PageForm):
    """Whom to invite, and the names of the roles, with spaces between them."""

    email: _Text = ""
    roles: _Text = ""


class RevokeInvitationForm(PageForm):
    """The invitation to take back."""

    invitation_id: _Text = ""


class CreateUserForm(InviteForm):
    """A user to create, with a password."""

    username: _Text = ""
    password: _Text = ""


class UserForm(PageForm):
    """The user that the form changes."""

    user_id: _Text = ""


class ChangeUserForm(UserForm):
    """The changes of a user, and the version that the page showed."""

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
    """What a role gives: each scope is a box of its own, by its name."""

    model_config = ConfigDict(extra="allow")

    description: _Text = ""

    @property
    def scopes(self) -> Sequence[AdminScope]:
        """The scopes whose boxes are ticked."""
        return [scope for scope in AdminScope if scope in (self.model_extra or {})]


class ClientForm(PageForm):
    """Which client, which has this version."""

    client_id: _Text = ""
    version: int = 0


class ClientContentForm(ClientForm):
    """What is said of a client. Scopes, resources and addresses have spaces or ends of lines between them."""

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
        """The grant types whose boxes are ticked."""
        ticked: dict[GrantType, bool] = {
            "authorization_code": self.authorization_code,
            "client_credentials": self.client_credentials,
            "urn:ietf:params:oauth:grant-type:device_code": self.device_code,
            "refresh_token": self.refresh_token,
        }
        return tuple(name for name, is_ticked in ticked.items() if is_ticked)


class WebhookForm(PageForm):
    """Which webhook, which has this version."""

    webhook_id: _Text = ""
    version: int = 0


class WebhookContentForm(WebhookForm):
    """What is said of a webhook. The types have spaces between them; without any it gets all."""

    url: Annotated[str, Field(max_length=MAXIMUM_LIST_LENGTH)] = ""
    description: _Text = ""
    types: _List = ""
    is_enabled: bool = False


class ReplayForm(WebhookForm):
    """From when to when events are sent again, in UTC."""

    since: _Text = ""
    until: _Text = ""


class DeadLetterForm(PageForm):
    """Which dead letter."""

    message_id: Annotated[str, Field(max_length=18, pattern="^[0-9]*$")] = ""


class RetryAllForm(PageForm):
    """All dead letters of which webhook."""

    webhook_id: _Text = ""
