"""The scopes of a token: administration scopes come only from the user's current roles."""

import pytest

from doorward.domain.auth.scopes import ADMIN_SCOPES, AdminScope, effective_scopes

OWN = {"account", "items:read", "items:write"}
READ, END = str(AdminScope.USERS_READ), str(AdminScope.SESSIONS_END)


@pytest.mark.parametrize(
    ("client", "in_token", "of_roles", "allowed"),
    [
        ("doorward", {"account"}, None, OWN),
        ("doorward", {"account"}, [], OWN),
        ("doorward", {"account"}, [READ, END], {*OWN, READ, END}),
        ("doorward", {"account", READ}, None, OWN),
        ("doorward", {"account", READ}, [END], {*OWN, END}),
        ("doorward", {"orders:read"}, [READ], {"orders:read"}),
        ("doorward", {"orders:read", READ}, [READ, END], {"orders:read", READ}),
        ("other", {"account"}, [READ, END], OWN),
        ("other", {"account", READ}, [READ, END], {*OWN, READ}),
        ("other", {"account", READ}, [END], OWN),
        ("other", {READ}, None, set()),
        ("doorward", {"items:read"}, None, {"items:read"}),
        ("doorward", {"items:read"}, [READ], {"items:read"}),
        ("doorward", {"account"}, ["admin:of:a:later:version"], OWN),
    ],
)
def test_a_token_has_the_scopes_that_it_names_and_its_users_roles_grant(
    client: str, in_token: set[str], of_roles: list[str] | None, allowed: set[str]
) -> None:
    assert effective_scopes(client, frozenset(in_token), of_roles) == allowed


def test_scopes_compare_and_format_as_strings() -> None:
    assert {"admin:users:read"} <= ADMIN_SCOPES
    assert f"{AdminScope.USERS_READ}" == "admin:users:read"
    assert len(ADMIN_SCOPES) == 16
