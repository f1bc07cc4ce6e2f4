"""Settings of OAuth clients that register themselves."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from doorward.settings.topic import Topic, split_list
from doorward.settings.web_addresses import check_origin

ANY_HOST: Final = "*"
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")
_RESERVED: Final = ("account", "admin:")
"""Scope prefixes that are reserved for the operator's own clients and for administrators."""


def _check_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        if host != ANY_HOST:
            check_origin(f"https://{host}")
    return hosts


def _check_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    for scope in scopes:
        if not _SCOPE.fullmatch(scope) or scope.startswith(_RESERVED):
            raise ValueError("must be scopes other than account and those of administration")
    return scopes


class SelfRegistrationSettings(Topic):
    """Which OAuth clients may be used without being added by an operator, and what they may request."""

    client_metadata_hosts: Annotated[tuple[str, ...], split_list, AfterValidator(_check_hosts)] = Field(
        (), examples=["*", "apps.example.com,tools.example.com:8443"]
    )
    """Hosts whose `https` URLs may be client ids: the document at the URL describes the client (client id metadata
    documents, which MCP clients use). Separated by commas, with a port if it is not 443. `*`: all hosts with public IP
    addresses. A host that is listed by name may have a private IP address. Empty: no such clients."""

    client_registration_enabled: bool = Field(default=False, examples=["true"])
    """Whether clients may register themselves at `/oauth/register` (RFC 7591), with a token created by
    `doorward registration-token add`."""

    self_registered_scopes: Annotated[tuple[str, ...], split_list, AfterValidator(_check_scopes)] = Field(
        ("openid", "profile", "email", "offline_access"), examples=["openid,profile,notes:read,notes:write"]
    )
    """Scopes that clients with a metadata document may request from users, separated by commas."""

    self_registered_resources: Annotated[tuple[str, ...], split_list] = Field(
        (), examples=["https://notes.example.com/mcp"]
    )
    """Resources (`doorward resource add`) for which those clients may get tokens, separated by commas. Empty: only for
    doorward's own API."""
