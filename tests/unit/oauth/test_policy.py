"""The rules for clients and resources."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from doorward.domain.oauth.client_secret import hash_of, new_client_id, new_secret
from doorward.domain.oauth.events import RefusedAuthentication
from doorward.domain.oauth.exceptions import (
    BuiltInClientError,
    InvalidAuthMethodError,
    InvalidClientNameError,
    InvalidClientScopesError,
    InvalidClientSecretError,
    InvalidGrantTypesError,
    InvalidResourceScopesError,
    UnknownResourceError,
)
from doorward.domain.oauth.models import AuthMethod, ClientContent, OAuthClient, ResourceContent, StoredClient
from doorward.domain.oauth.policy import (
    checked_content,
    checked_content_of_built_in,
    checked_resource,
    checked_secret,
    first_moment_after,
    is_resource_identifier,
    judge_authentication,
    may_be_a_client_id,
    require_same_kind,
)

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)
CLIENT: Final = ClientContent("Nightly", scopes=("orders:read",))
BUILT_IN: Final = ClientContent("doorward", "none", ("password", "refresh_token"), ("account",))


def test_ids_and_secrets_consist_of_a_prefix_and_unreserved_characters() -> None:
    client_id, secret = new_client_id(), new_secret()
    assert (client_id[:4], len(client_id), secret[:4], len(secret)) == ("dwc_", 26, "dws_", 47)
    assert may_be_a_client_id(client_id)
    assert checked_secret(secret) == secret
    assert new_secret() != secret
    assert new_client_id() != client_id
    assert len(hash_of(secret)) == 32


@pytest.mark.parametrize("text", ["", "d" * 65, "dwc_\0", "dwc_\u00e9", "a b", "a:b", "a/b", "doorward\n"])
def test_an_invalid_client_id_is_recognised(text: str) -> None:
    assert not may_be_a_client_id(text)
    assert may_be_a_client_id("doorward")


def test_lists_are_sorted_and_have_no_duplicates() -> None:
    content = ClientContent(
        "  Nightly ", "client_secret_post", ("refresh_token", "client_credentials"), ("b", "a", "b"), ("urn:b", "urn:a")
    )
    assert checked_content(content) == ClientContent(
        "Nightly", "client_secret_post", ("client_credentials", "refresh_token"), ("a", "b"), ("urn:a", "urn:b")
    )


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 101, "a\nb", "a\x7fb", "a\u202eb", "a\0", "\ud800", "a" + "\u0301" * 40]
)
def test_a_name_must_be_one_visible_line(name: str) -> None:
    with pytest.raises(InvalidClientNameError):
        checked_content(replace(CLIENT, name=name))
    assert checked_content(replace(CLIENT, name="x" * 100)).name == "x" * 100
    assert checked_content(replace(CLIENT, name="Zo\u0065\u0308")).name == "Zo\u00eb"


@pytest.mark.parametrize(
    ("method", "grant_types"),
    [
        ("client_secret_basic", ("password",)),
        ("client_secret_basic", ("token_exchange",)),
        ("client_secret_basic", ("client_credentials", "implicit")),
        ("none", ("client_credentials",)),
        ("none", ("client_credentials", "refresh_token")),
    ],
)
def test_unknown_grant_types_and_those_that_need_a_missing_secret_are_refused(
    method: AuthMethod, grant_types: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidGrantTypesError):
        checked_content(replace(CLIENT, auth_method=method, grant_types=grant_types))


@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("grant_types", [(), ("refresh_token",)])
def test_every_client_may_have_the_refresh_grant_or_no_grant(method: AuthMethod, grant_types: tuple[str, ...]) -> None:
    content = replace(CLIENT, auth_method=method, grant_types=grant_types)
    assert checked_content(content) == content


@pytest.mark.parametrize(
    "scope",
    [
        "account",
        "openid",
        "admin:",
        "admin:users:read",
        "admin:made-up",
        "",
        "a b",
        'a"b',
        "a\\b",
        "\u00e9",
        "a\n",
        "x" * 101,
    ],
)
def test_a_machine_gets_no_scope_of_users_or_administration_and_no_malformed_one(scope: str) -> None:
    with pytest.raises(InvalidClientScopesError):
        checked_content(replace(CLIENT, scopes=("orders:read", scope)))


def test_openid_is_allowed_for_clients_that_do_not_act_for_themselves() -> None:
    content = replace(CLIENT, grant_types=("refresh_token",), scopes=("openid",))
    assert checked_content(content) == content


def test_scopes_and_resources_are_bounded() -> None:
    scopes = tuple(f"s{number:03}" for number in range(51))
    assert checked_content(replace(CLIENT, scopes=scopes[:50])).scopes == scopes[:50]
    with pytest.raises(InvalidClientScopesError):
        checked_content(replace(CLIENT, scopes=scopes))
    resources = tuple(f"urn:{number:03}" for number in range(21))
    assert checked_content(replace(CLIENT, resources=resources[:20])).resources == resources[:20]
    with pytest.raises(UnknownResourceError):
        checked_content(replace(CLIENT, resources=resources))


def test_only_scopes_and_resources_of_the_built_in_client_change_and_account_stays() -> None:
    wanted = replace(BUILT_IN, scopes=("orders:read",), resources=("urn:orders",))
    assert checked_content_of_built_in(wanted, BUILT_IN) == replace(wanted, scopes=("account", "orders:read"))
    for other in (
        replace(wanted, name="other"),
        replace(wanted, auth_method="client_secret_basic"),
        replace(wanted, grant_types=("client_credentials",)),
    ):
        with pytest.raises(BuiltInClientError):
            checked_content_of_built_in(other, BUILT_IN)
    for scope in ("admin:users:read", "openid", "a b"):
        with pytest.raises(InvalidClientScopesError):
            checked_content_of_built_in(replace(BUILT_IN, scopes=(scope,)), BUILT_IN)


@pytest.mark.parametrize(("before", "after"), [("none", "client_secret_post"), ("client_secret_basic", "none")])
def test_a_client_stays_public_or_confidential(before: AuthMethod, after: AuthMethod) -> None:
    with pytest.raises(InvalidAuthMethodError):
        require_same_kind(before, after)
    require_same_kind("client_secret_basic", "client_secret_post")
    require_same_kind("none", "none")


@pytest.mark.parametrize(
    "secret", ["x" * 31, "x" * 257, "x" * 40 + " ", "x" * 40 + "%", "x" * 40 + "\n", "\u00e9" * 40]
)
def test_a_chosen_secret_must_be_long_and_of_unreserved_characters(secret: str) -> None:
    with pytest.raises(InvalidClientSecretError):
        checked_secret(secret)
    for good in ("x" * 32, "aZ09-._~" * 32):
        assert checked_secret(good) == good


@pytest.mark.parametrize(
    "text",
    [
        "https://orders.example",
        "https://orders.example:8443/api/v1?tenant=a",
        "http://orders.internal/",
        "https://[2001:db8::1]/",
        "urn:example:orders",
        "api://00000000-0000-0000-0000-000000000001",
        "https://orders.example/%2F",
    ],
)
def test_an_absolute_uri_can_name_a_resource(text: str) -> None:
    assert is_resource_identifier(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "orders", "/orders", "//orders.example", "https:", "https://", "https:///path", "http:orders"),
        *("https://orders.example#", "https://orders.example/#part", "https://ada@orders.example"),
        *("https://ada:secret@orders.example", "https://orders.example/a b", "https://orders.example/\u00e9"),
        *("https://orders.example\n", "https://orders.example/%2", "https://orders.example/\\", "https://o.example:0"),
        *("https://o.example:99999", "https://[::1", "1https://orders.example", "https://o.example/" + "x" * 240),
    ],
)
def test_no_other_text_can_name_a_resource(text: str) -> None:
    assert not is_resource_identifier(text)


@pytest.mark.parametrize("scope", ["account", "openid", "admin:users:read", "a b", ""])
def test_a_resource_declares_no_scope_of_the_service_itself(scope: str) -> None:
    with pytest.raises(InvalidResourceScopesError):
        checked_resource(ResourceContent("urn:orders", (scope,)))
    assert checked_resource(ResourceContent("urn:orders", ("b", "a", "b"))).scopes == ("a", "b")


def stored(
    *secrets: tuple[str, datetime | None],
    method: AuthMethod = "client_secret_basic",
    disabled_at: datetime | None = None,
    not_before: datetime = NOW,
) -> StoredClient:
    client = OAuthClient(
        client_id="dwc_made-up",
        name="Nightly",
        auth_method=method,
        grant_types=["client_credentials"],
        scopes=[],
        resources=[],
        redirect_uris=[],
        post_logout_uris=[],
        id_token_algorithm="RS256",
        requires_pkce=True,
        requires_pushed_requests=False,
        backchannel_logout_uri=None,
        is_first_party=False,
        version=1,
        created_at=NOW,
        updated_at=NOW,
        not_before=not_before,
        disabled_at=disabled_at,
    )
    return StoredClient(
        client,
        secret_hashes=[hash_of(secret) for secret, _ in secrets],
        secret_expirations=[expires_at for _, expires_at in secrets],
    )


OLD, NEWEST = ("old secret", NOW + SECOND), ("newest secret", None)


@pytest.mark.parametrize(
    ("client", "secret", "now", "reason"),
    [
        (stored(NEWEST), NEWEST[0], NOW, None),
        (stored(OLD, NEWEST), NEWEST[0], NOW, None),
        (stored(OLD, NEWEST), OLD[0], NOW, None),
        (stored(OLD, NEWEST), OLD[0], NOW + SECOND, "expired_secret"),
        (stored(OLD, NEWEST), NEWEST[0], NOW + SECOND, None),
        (stored(OLD, NEWEST), "another", NOW, "wrong_secret"),
        (stored(OLD, NEWEST), "", NOW, "wrong_secret"),
        (stored(), "", NOW, "wrong_secret"),
        (stored(), "\0" * 32, NOW, "wrong_secret"),
        (None, NEWEST[0], NOW, "unknown_client"),
        (stored(NEWEST, method="client_secret_post"), NEWEST[0], NOW, "wrong_method"),
        (stored(method="none"), "", NOW, "wrong_method"),
        (stored(NEWEST, disabled_at=NOW), NEWEST[0], NOW, "disabled_client"),
        (stored(NEWEST, disabled_at=NOW), "another", NOW, "wrong_secret"),
        (stored(NEWEST, not_before=NOW + SECOND), NEWEST[0], NOW, "disabled_client"),
        (stored(NEWEST, not_before=NOW + SECOND), NEWEST[0], NOW + SECOND, None),
    ],
    ids=range(16),
)
def test_a_client_is_authenticated_by_method_secret_and_state(
    client: StoredClient | None, secret: str, now: datetime, reason: RefusedAuthentication | None
) -> None:
    assert judge_authentication(client, "client_secret_basic", hash_of(secret), now) == reason


def test_the_placeholder_hash_of_a_missing_secret_authenticates_no_client() -> None:
    assert judge_authentication(stored(), "client_secret_basic", bytes(32), NOW) == "wrong_secret"
    assert judge_authentication(None, "client_secret_basic", bytes(32), NOW) == "unknown_client"
    assert judge_authentication(stored(method="none"), "none", hash_of(""), NOW) is None


@pytest.mark.parametrize("microseconds", [0, 1, 999_999])
def test_earlier_tokens_have_an_earlier_second_than_the_first_moment_after(microseconds: int) -> None:
    now = NOW.replace(microsecond=microseconds)
    moment = first_moment_after(now)
    assert moment == NOW + SECOND
    assert int(now.timestamp()) < moment.timestamp()
