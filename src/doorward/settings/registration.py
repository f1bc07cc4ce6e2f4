"""Settings of registration: who may register, and the accepted user names and addresses."""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from doorward.domain.auth.exceptions import InvalidEmailError
from doorward.domain.auth.users.identifiers import canonical_email
from doorward.settings.topic import Topic, split_list

ReservedName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]

RESERVED_USERNAMES: Final = (
    *("admin", "administrator", "root", "superuser", "sysadmin", "system", "daemon", "operator", "owner", "moderator"),
    *("staff", "team", "support", "help", "helpdesk", "contact", "info", "sales", "marketing", "billing", "service"),
    *("abuse", "security", "noc", "postmaster", "hostmaster", "webmaster", "mailer-daemon", "noreply", "mail", "www"),
    *("null", "nil", "none", "undefined", "nan", "true", "false", "void", "anonymous", "guest", "nobody", "unknown"),
    *("everyone", "everybody", "all", "here", "me", "self", "myself", "deleted"),
    *("api", "app", "auth", "oauth", "token"),
    *("login", "logout", "signin", "signup", "register", "account", "settings", "static", "docs", "health", "doorward"),
)
"""Trusted roles, mailboxes of RFC 2142, keywords of programming languages, and path segments."""


def _domain_key(text: str) -> str:
    """Return a domain in its canonical form, as it occurs in canonical e-mail addresses. Raises ``ValueError``."""
    try:
        return canonical_email(f"a@{text}").removeprefix("a@")
    except InvalidEmailError as error:
        raise ValueError("must be domains of e-mail addresses, separated by commas") from error


class RegistrationSettings(Topic):
    """Who may register, and which user names and addresses are accepted."""

    registration: Literal["open", "invite", "closed"] = Field("open", examples=["invite"])
    """Who may register. `open`: everyone. `invite`: only with an invitation (`doorward invite`). `closed`: no one.
    Invitations are accepted with all three values."""

    registration_domains: Annotated[tuple[Annotated[str, AfterValidator(_domain_key)], ...], split_list] = Field(
        (), examples=["example.com,example.org"]
    )
    """Domains whose e-mail addresses may register, separated by commas, without their subdomains. Empty: all. Needs
    verified addresses: `REGISTRATION_CONFIRMATION` or `LOGIN_REQUIRES_VERIFIED_EMAIL`. Invitations may go to any
    domain."""

    registration_confirmation: bool = Field(default=False, examples=["true"])
    """Whether an account is created only after the registration was confirmed by mail. Registration then answers 202
    for every address, and only the mail says whether the address already has an account. Needs mail."""

    login_requires_verified_email: bool = Field(default=False, examples=["true"])
    """Whether a login is refused until the address is verified. With the correct password, the error is
    `email_not_verified`. Needs mail."""

    reserved_usernames: Annotated[tuple[ReservedName, ...], split_list] = Field(
        RESERVED_USERNAMES, examples=["admin,root,support,acme"]
    )
    """User names that sign-up refuses, separated by commas, in any case and with or without separators. A value
    replaces the whole default. Existing accounts keep their names."""

    email_allow_special_domains: bool = Field(default=False, examples=["true"])
    """Whether sign-up accepts addresses that mail cannot reach over the Internet: `.local`, `.test` and the other
    special-use domains, and hosts without a dot. `ENVIRONMENT=development` always accepts them."""

    @model_validator(mode="after")
    def _domains_of_verified_addresses(self) -> Self:
        if self.registration_domains and not (self.registration_confirmation or self.login_requires_verified_email):
            raise ValueError(
                "REGISTRATION_DOMAINS needs verified addresses: anybody can type one. "
                "Set REGISTRATION_CONFIRMATION=true or LOGIN_REQUIRES_VERIFIED_EMAIL=true"
            )
        return self
