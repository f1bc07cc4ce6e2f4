"""Settings of how accounts begin, and of what sign-up accepts."""

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
"""Roles that people trust, mailboxes of RFC 2142, words of programming languages, and segments of paths."""


def _domain_key(text: str) -> str:
    """Return a domain as the key of an address has it. Raises ``ValueError``."""
    try:
        return canonical_email(f"a@{text}").removeprefix("a@")
    except InvalidEmailError as error:
        raise ValueError("must be domains of e-mail addresses, separated by commas") from error


class RegistrationSettings(Topic):
    """How accounts begin, and which user names and addresses they may have."""

    registration: Literal["open", "invite", "closed"] = Field("open", examples=["invite"])
    """Who may register: `open` everybody, `invite` nobody without an invitation (`doorward invite`), `closed` nobody.
    An invitation is accepted whatever this says."""

    registration_domains: Annotated[tuple[Annotated[str, AfterValidator(_domain_key)], ...], split_list] = Field(
        (), examples=["example.com,example.org"]
    )
    """The domains whose addresses may register, separated by commas; domains below them are not meant. Empty: all.
    Needs verified addresses: `REGISTRATION_CONFIRMATION` or `LOGIN_REQUIRES_VERIFIED_EMAIL`. Invitations go to any."""

    registration_confirmation: bool = Field(default=False, examples=["true"])
    """Whether an account begins only when its mail was answered. Registration then answers 202 for every address, and
    tells only the mailbox whether it has an account. Needs mail."""

    login_requires_verified_email: bool = Field(default=False, examples=["true"])
    """Whether a login is refused until the address is verified, with the right password by `email_not_verified`. Needs
    mail."""

    reserved_usernames: Annotated[tuple[ReservedName, ...], split_list] = Field(
        RESERVED_USERNAMES, examples=["admin,root,support,acme"]
    )
    """User names that sign-up refuses, separated by commas, in any case and with or without separators. A value
    replaces the whole default. Accounts that exist keep their names."""

    email_allow_special_domains: bool = Field(default=False, examples=["true"])
    """Whether sign-up accepts addresses that no mail reaches over the Internet: `.local`, `.test` and the other
    special-use domains, and hosts without a dot. `ENVIRONMENT=development` always accepts them."""

    @model_validator(mode="after")
    def _domains_of_verified_addresses(self) -> Self:
        if self.registration_domains and not (self.registration_confirmation or self.login_requires_verified_email):
            raise ValueError(
                "REGISTRATION_DOMAINS needs verified addresses: anybody can type one. "
                "Set REGISTRATION_CONFIRMATION=true or LOGIN_REQUIRES_VERIFIED_EMAIL=true"
            )
        return self
