"""Bodies and query parameters of the admin routes for users."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from doorward.api.schemas.auth import MAXIMUM_FIELD_LENGTH
from doorward.api.schemas.items import MAXIMUM_CURSOR_LENGTH, MAXIMUM_QUERY_LENGTH
from doorward.api.schemas.pages import CursorPagination, PageSize
from doorward.api.schemas.requests import QueryParameters, RequestBody
from doorward.core.pages import DEFAULT_PAGE_SIZE
from doorward.domain.administration.models import AdministeredUser, UserStatus

MAXIMUM_ROLES = 100
MAXIMUM_ADDRESS_LENGTH = 512


def _check_moment(value: object) -> object:
    """Raise ``ValueError`` for a number, which pydantic would read as seconds since 1970."""
    if isinstance(value, str) and "T" not in value.upper():
        raise ValueError("Send a date, a time and its offset (RFC 3339)")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_check_moment)]
After = Annotated[
    str, Field(max_length=MAXIMUM_CURSOR_LENGTH, description="Continue after this cursor. Empty: start of the list.")
]
RoleNames = Annotated[
    list[str],
    Field(
        max_length=MAXIMUM_ROLES,
        description="Names of roles, at most 20. You must have all their scopes yourself.",
        examples=[["support"]],
    ),
]
_Text = Annotated[str, Field(max_length=MAXIMUM_QUERY_LENGTH)]
_Address = Annotated[str, Field(max_length=MAXIMUM_ADDRESS_LENGTH)]
_Email = Annotated[str, Field(max_length=MAXIMUM_FIELD_LENGTH, examples=["ada@example.com"])]
_Username = Annotated[str, Field(max_length=MAXIMUM_FIELD_LENGTH, examples=["ada"])]
_Locale = Annotated[
    str | None, Field(max_length=MAXIMUM_FIELD_LENGTH, description="The language of mails.", examples=["en"])
]
_ExternalId = Annotated[
    str | None,
    Field(max_length=MAXIMUM_FIELD_LENGTH, description="The user's id in another system.", examples=["4711"]),
]


class UserListParameters(QueryParameters):
    """Filters for users, and the part of the list, newest first."""

    q: _Text | None = Field(
        None, description="A part of the user name or the address, at least three letters or digits."
    )
    email: _Text | None = Field(None, description="Exactly this address. Different spellings of it match.")
    username: _Text | None = Field(None, description="Exactly this name, ignoring case.")
    external_id: _Text | None = None
    status: UserStatus | None = None
    role: _Text | None = Field(None, description="Users with this role.")
    verified: bool | None = Field(None, description="Whether the user has verified the address.")
    issuer: _Address | None = Field(None, description="Users with an identity of this trusted issuer.")
    subject: _Text | None = Field(None, description="The user's id at that issuer. Needs `issuer`.")
    created_since: Moment | None = Field(None, description="Created at this moment or later.")
    created_until: Moment | None = Field(None, description="Created before this moment.")
    after: After = ""
    page_size: PageSize = DEFAULT_PAGE_SIZE

    @model_validator(mode="after")
    def _subject_with_issuer(self) -> Self:
        if self.subject is not None and self.issuer is None:
            raise ValueError("A subject means nothing without its issuer")
        return self


class UserBody(RequestBody):
    """A user to create. Without a password the address is invited, and its owner chooses a name and a password."""

    email: _Email
    username: _Username | None = Field(None, description="Required with a password, ignored without one.")
    password: str | None = Field(
        None,
        max_length=MAXIMUM_FIELD_LENGTH,
        description="The rules of registration apply.",
        examples=["correct horse battery"],
        json_schema_extra={"format": "password", "minLength": 8, "maxLength": 256},
    )
    roles: RoleNames = Field(default_factory=list)
    locale: _Locale = None
    external_id: _ExternalId = None

    @model_validator(mode="after")
    def _name_with_password(self) -> Self:
        if self.password is not None and self.username is None:
            raise ValueError("A user with a password needs a username")
        if self.password is None and (self.locale, self.external_id) != (None, None):
            raise ValueError("An invitation has neither locale nor external_id")
        return self


class UserPatch(RequestBody):
    """Changes to a user (RFC 7396). Members that are left out stay; ``null`` removes ``locale`` and ``external_id``."""

    # The defaults are never stored: only members that were sent are read.
    username: _Username = ""
    email: _Email = Field(
        "",
        description="The new address is not verified, all sessions of the user end, and the old address gets a mail.",
    )
    roles: RoleNames = Field(default_factory=list)
    locale: _Locale = None
    external_id: _ExternalId = None


class IdentityResponse(BaseModel):
    """The user's id at a trusted issuer."""

    issuer: str = Field(examples=["https://keycloak.example.com/realms/shop"])
    subject: str


class AdministeredUserResponse(BaseModel):
    """A user. The ETag is its ``version``."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str | None = Field(description="Null for a user of a trusted issuer whose address is not known.")
    email_verified: bool
    email_bounced_at: datetime | None = Field(description="When a mail server rejected the address as unknown.")
    username: str
    status: UserStatus
    roles: list[str]
    locale: str | None
    external_id: str | None
    has_password: bool
    must_change_password: bool = Field(description="The password is refused: a mail has a link for setting a new one.")
    deletion_due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    second_factors: list[str] = Field(
        description="The kinds, `totp` and `passkey`. Empty: the password alone is enough to sign in.",
        examples=[["totp"]],
    )
    identities: list[IdentityResponse] = Field(description="The user's ids at trusted issuers.")

    @classmethod
    def of(cls, user: AdministeredUser) -> Self:
        """Return the body for a user."""
        return cls.model_validate(
            {
                "email_verified": user.email_verified_at is not None,
                **{name: getattr(user, name) for name in cls.model_fields if name != "email_verified"},
            }
        )


class UserPagination(BaseModel):
    """The position in the list. ``next_cursor`` is null at its end."""

    page_size: int
    next_cursor: str | None
    total: int = Field(description="Number of users in the whole list.")
    total_is_estimate: bool = Field(description="True if there are more than about 1,000, which are not counted.")


class UserListResponse(BaseModel):
    """A part of the list of users."""

    users: list[AdministeredUserResponse]
    pagination: UserPagination


class AdministeredSessionResponse(BaseModel):
    """A live session of a user."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_agent: str | None
    address: str | None
    created_at: datetime
    refreshed_at: datetime
    amr: list[str]


class AdministeredSessionListResponse(BaseModel):
    """The live sessions of a user in the order of their last use, at most 250."""

    sessions: list[AdministeredSessionResponse]


class InvitationBody(RequestBody):
    """An address to invite."""

    email: _Email
    roles: RoleNames = Field(default_factory=list)


class InvitationResponse(BaseModel):
    """An invitation that was not accepted yet. Only the mail has the link."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    roles: list[str]
    invited_by: UUID | None = Field(description="The inviting user; null for an operator on the command line.")
    created_at: datetime
    expires_at: datetime


class InvitationListResponse(BaseModel):
    """Valid invitations, newest first."""

    invitations: list[InvitationResponse]
    pagination: CursorPagination


class InvitationListParameters(QueryParameters):
    """The part of the list."""

    after: After = ""
    page_size: PageSize = DEFAULT_PAGE_SIZE


class UserDeletionParameters(QueryParameters):
    """The time of the deletion."""

    now: Annotated[
        bool, Field(description="Delete permanently at once. Otherwise in 14 days: until then the user can restore it.")
    ] = False
