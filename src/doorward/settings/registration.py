"""Settings of what sign-up accepts."""

from typing import Annotated, Final

from pydantic import Field

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


class RegistrationSettings(Topic):
    """Which user names and addresses new accounts may have."""

    reserved_usernames: Annotated[tuple[ReservedName, ...], split_list] = Field(
        RESERVED_USERNAMES, examples=["admin,root,support,acme"]
    )
    """User names that sign-up refuses, separated by commas, in any case and with or without separators. A value
    replaces the whole default. Accounts that exist keep their names."""

    email_allow_special_domains: bool = Field(default=False, examples=["true"])
    """Whether sign-up accepts addresses that no mail reaches over the Internet: `.local`, `.test` and the other
    special-use domains, and hosts without a dot. `ENVIRONMENT=development` always accepts them."""
