"""The tokens of known products that are accepted as access tokens, and their scopes."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.federation.models import ForeignToken
from doorward.infrastructure.outbound import Document
from doorward.infrastructure.trusted_issuers import TrustedIssuers
from doorward.settings.issuers import TrustedIssuer
from tests.unit.client_library.signing import elliptic_key, key_set

ISSUER: Final = "https://accounts.example"
AUDIENCE: Final = "https://items.example"
NOW: Final = 1_800_000_000
EDITOR: Final = {"editor": ["items:read", "items:write"], "reader": ["items:read"]}
KEYCLOAK: Final = {"typ": "Bearer", "realm_access": {"roles": ["editor"]}, "roles": None}
COGNITO: Final = {"aud": None, "client_id": AUDIENCE, "token_use": "access", "cognito:groups": ["editor"]}
ENTRA: Final = {"ver": "2.0", "azp": "app", "scp": "editor"}
AUTH0: Final = {"aud": [AUDIENCE, "https://tenant.example/userinfo"], "azp": "app", "permissions": ["editor"]}


@pytest.mark.parametrize(
    ("preset", "token_type", "claims"),
    [
        ("generic", "at+jwt", {}),
        ("generic", "application/at+jwt", {}),
        ("keycloak", "JWT", KEYCLOAK),
        ("keycloak", "at+jwt", KEYCLOAK),
        ("keycloak", "JWT", {**KEYCLOAK, "aud": ["account", AUDIENCE]}),
        ("cognito", None, COGNITO),
        ("entra", "JWT", ENTRA),
        ("entra", "JWT", {**ENTRA, "scp": None, "roles": ["editor"]}),
        ("auth0", "JWT", AUTH0),
        ("auth0", "at+jwt", {**AUTH0, "azp": None, "client_id": "app"}),
    ],
)
async def test_access_tokens_of_known_products_are_accepted(
    preset: str, token_type: str | None, claims: dict[str, Any]
) -> None:
    token = await verified(signed(token_type, claims), preset=preset)
    assert (token.issuer, token.subject, token.makes_user) == (ISSUER, "subject", True)
    assert token.scopes == {"items:read", "items:write"}


async def test_a_bound_token_has_the_thumbprint_of_its_key() -> None:
    assert (await verified(signed("at+jwt", {}))).thumbprint is None
    assert (await verified(signed("at+jwt", {"cnf": {"jkt": "thumbprint"}}))).thumbprint == "thumbprint"


@pytest.mark.parametrize(
    ("preset", "token_type", "claims"),
    [
        ("generic", "JWT", {}),
        ("generic", None, {}),
        ("generic", "id+jwt", {}),
        ("keycloak", "JWT", {**KEYCLOAK, "typ": "ID"}),
        ("keycloak", "JWT", {**KEYCLOAK, "typ": "Refresh"}),
        ("keycloak", "JWT", {**KEYCLOAK, "typ": "Offline"}),
        ("keycloak", "JWT", {**KEYCLOAK, "typ": None}),
        ("keycloak", "JWT", {**KEYCLOAK, "aud": "account"}),
        ("keycloak", "JWT", {**KEYCLOAK, "aud": ["account"]}),
        ("keycloak", "JWT", {**KEYCLOAK, "aud": None}),
        ("cognito", None, {**COGNITO, "token_use": "id", "aud": AUDIENCE}),
        ("cognito", None, {**COGNITO, "token_use": None}),
        ("cognito", None, {**COGNITO, "client_id": "another"}),
        ("cognito", None, {**COGNITO, "client_id": None, "aud": AUDIENCE}),
        ("entra", "JWT", {**ENTRA, "azp": None, "roles": ["editor"]}),
        ("entra", "JWT", {**ENTRA, "ver": "1.0"}),
        ("auth0", "JWT", {**AUTH0, "azp": None}),
        ("auth0", "JWT", {**AUTH0, "aud": "app"}),
        ("generic", "at+jwt", {"cnf": {"x5t#S256": "thumbprint"}}),
        ("generic", "at+jwt", {"cnf": {"jkt": "thumbprint", "x5t#S256": "thumbprint"}}),
        ("generic", "at+jwt", {"cnf": {"jkt": ""}}),
        ("generic", "at+jwt", {"cnf": {}}),
        ("keycloak", "JWT", {**KEYCLOAK, "cnf": "thumbprint"}),
        ("generic", "at+jwt", {"sub": "a" * 256}),
        ("generic", "at+jwt", {"sub": "a\x00b"}),
        ("generic", "at+jwt", {"sub": ""}),
        ("generic", "at+jwt", {"sub": 7}),
        ("generic", "at+jwt", {"sub": None}),
        ("generic", "at+jwt", {"exp": None}),
        ("generic", "at+jwt", {"aud": {AUDIENCE: True}}),
    ],
    ids=str,
)
async def test_any_other_token_is_refused(preset: str, token_type: str | None, claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidAccessTokenError):
        await verified(signed(token_type, claims), preset=preset)


class Keys:
    """Return the issuer's key set."""

    async def fetch(self, url: str, *, allow_private_addresses: bool = False) -> Document:
        assert not allow_private_addresses
        assert url == f"{ISSUER}/jwks"
        return Document(key_set(elliptic_key()), {})


class Now:
    def now(self) -> datetime:
        return datetime.fromtimestamp(NOW, UTC)


def issuers(**changes: Any) -> TrustedIssuers:
    entry = {"issuer": ISSUER, "audiences": [AUDIENCE], "roles": EDITOR, "jwks_uri": f"{ISSUER}/jwks", **changes}
    return TrustedIssuers([TrustedIssuer.model_validate(entry)], fetcher=Keys(), clock=Now())


def signed(token_type: str | None, changes: dict[str, Any]) -> str:
    claims = {
        "iss": ISSUER,
        "sub": "subject",
        "aud": AUDIENCE,
        "exp": NOW + 300,
        "iat": NOW,
        "roles": ["editor"],
        **changes,
    }
    return elliptic_key().sign({name: value for name, value in claims.items() if value is not None}, typ=token_type)


async def verified(token: str, **changes: Any) -> ForeignToken:
    return await issuers(**changes).verify(ISSUER, token)


@pytest.mark.parametrize(
    ("claims", "roles_claim", "scopes"),
    [
        ({"roles": ["editor"]}, None, {"items:read", "items:write"}),
        ({"roles": ["reader", "unknown"]}, None, {"items:read"}),
        ({"roles": "reader other"}, None, {"items:read"}),
        ({"roles": [], "scope": "openid reader"}, None, {"items:read"}),
        ({"roles": ["Reader", "READER"]}, None, set()),
        ({"roles": [["reader"], 1, None]}, None, set()),
        ({"roles": {"reader": True}}, None, set()),
        ({"roles": ["items:read", "account", "admin:users:read"], "scope": "items:read account"}, None, set()),
        ({"roles": None, "groups": ["reader"]}, "groups", {"items:read"}),
        ({"roles": ["editor"], "groups": ["reader"]}, "groups", {"items:read"}),
        ({"https://example.com/roles": ["reader"], "roles": None}, "https://example.com/roles", {"items:read"}),
        ({"resource_access": {"items": {"roles": ["reader"]}}}, "resource_access.items.roles", {"items:read"}),
        ({"resource_access": ["reader"]}, "resource_access.items.roles", set()),
        ({"resource_access": {"items": None}}, "resource_access.items.roles", set()),
    ],
)
async def test_roles_and_scopes_grant_the_scopes_that_they_are_mapped_to(
    claims: dict[str, Any], roles_claim: str | None, scopes: set[str]
) -> None:
    assert (await verified(signed("at+jwt", claims), roles_claim=roles_claim)).scopes == scopes


async def test_a_token_of_an_issuer_without_users_makes_no_user() -> None:
    assert not (await verified(signed("at+jwt", {}), users="none")).makes_user


def test_an_issuer_is_recognised_only_by_its_exact_name() -> None:
    trusted = issuers()
    assert trusted.issuer_of(signed("at+jwt", {})) == ISSUER
    for name in (f"{ISSUER}/", ISSUER.upper(), f" {ISSUER}", f"{ISSUER}?", "doorward", "", None, [ISSUER]):
        assert trusted.issuer_of(signed("at+jwt", {"iss": name})) is None
    for text in ("", "a.b.c", "no token", f"{signed('at+jwt', {})}=", "é.é.é", "." * 100):
        assert trusted.issuer_of(text) is None
