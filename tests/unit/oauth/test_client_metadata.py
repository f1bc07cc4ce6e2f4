"""The metadata that clients may declare, and the URLs that can be client IDs."""

from typing import Any

import pytest

from doorward.domain.oauth.client_metadata import AllowedRegistration, content_of_document
from doorward.domain.oauth.document_address import authority_of, is_document_address
from doorward.domain.oauth.exceptions import InvalidRedirectUriError
from doorward.domain.oauth.models import ClientContent
from doorward.domain.oauth.registration_exceptions import InvalidClientMetadataError
from tests.unit.oauth.applications import CALLBACK, ORDERS

ADDRESS = "https://tools.example/client.json"
ALLOWED = AllowedRegistration(frozenset({"openid", "profile", "orders:read"}), (ORDERS,))


def read(**changes: Any) -> ClientContent:
    members = {"client_id": ADDRESS, "client_name": "Tool", "redirect_uris": [CALLBACK], **changes}
    return content_of_document(ADDRESS, {name: value for name, value in members.items() if value is not None}, ALLOWED)


def test_a_client_gets_the_defaults_and_cannot_declare_itself_first_party() -> None:
    assert read(first_party=True, is_first_party=True, requires_pkce=False, resources=["https://other.example"]) == (
        ClientContent(
            name="Tool",
            auth_method="none",
            grant_types=("authorization_code",),
            scopes=("openid", "orders:read", "profile"),
            resources=(ORDERS,),
            redirect_uris=(CALLBACK,),
            id_token_algorithm="RS256",
            requires_pkce=True,
            is_first_party=False,
        )
    )


def test_metadata_can_narrow_the_defaults_and_not_extend_them() -> None:
    named = read(
        scope="openid account admin:users:read",
        grant_types=["authorization_code", "refresh_token", "client_credentials", "implicit"],
        response_types=["code", "token"],
        id_token_signed_response_alg="ES256",
        post_logout_redirect_uris=["https://app.example/bye"],
    )
    assert named.scopes == ("openid",)
    assert named.grant_types == ("authorization_code", "refresh_token")
    assert named.id_token_algorithm == "ES256"
    assert named.post_logout_uris == ("https://app.example/bye",)


def test_a_client_without_a_name_is_named_after_its_host() -> None:
    assert read(client_name=None).name == "tools.example"
    assert read(client_name="").name == "tools.example"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "https://tools.example/other.json"}, InvalidClientMetadataError),
        ({"client_id": f"{ADDRESS}/"}, InvalidClientMetadataError),
        ({"client_id": [ADDRESS]}, InvalidClientMetadataError),
        ({"client_secret": "s"}, InvalidClientMetadataError),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, InvalidClientMetadataError),
        ({"response_types": []}, InvalidClientMetadataError),
        ({"grant_types": ["refresh_token"]}, InvalidClientMetadataError),
        ({"id_token_signed_response_alg": "HS256"}, InvalidClientMetadataError),
        ({"scope": 7}, InvalidClientMetadataError),
        ({"scope": "s" * 4097}, InvalidClientMetadataError),
        ({"grant_types": ["authorization_code"] * 65}, InvalidClientMetadataError),
        ({"grant_types": [["authorization_code"]]}, InvalidClientMetadataError),
        ({"client_name": "a\u202eb"}, InvalidClientMetadataError),
        ({"redirect_uris": None}, InvalidRedirectUriError),
        ({"redirect_uris": [f"{CALLBACK}#x"]}, InvalidRedirectUriError),
        ({"redirect_uris": [f"https://app.example/{number}" for number in range(21)]}, InvalidRedirectUriError),
        ({"post_logout_redirect_uris": ["javascript:alert(1)"]}, InvalidRedirectUriError),
    ],
)
def test_invalid_metadata_is_refused(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        read(**changes)


@pytest.mark.parametrize(
    "address",
    [
        "https://tools.example/",
        "https://tools.example/client.json",
        "https://tools.example:8443/a/b/client%20id",
        "https://127.0.0.1:9/c",
        "https://tools.example/" + "x" * 233,
    ],
)
def test_an_https_url_with_a_path_can_be_a_client_id(address: str) -> None:
    assert is_document_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "dwc_made-up",
        "https://",
        "https:///client.json",
        "https://tools.example",
        "http://tools.example/client.json",
        "HTTPS://tools.example/client.json",
        "https://Tools.example/client.json",
        "https://tools..example/client.json",
        "https://tools.example:0/client.json",
        "https://tools.example:65536/client.json",
        "https://tools.example:/client.json",
        "https://ada@tools.example/client.json",
        "https://tools.example/client.json?a=b",
        "https://tools.example/client.json#a",
        "https://tools.example/./client.json",
        "https://tools.example/a/../client.json",
        "https://tools.example/a/%2E%2e/client.json",
        "https://tools.example/a%2f..%2fclient.json",
        "https://tools.example/..;/client.json",
        "https://tools.example\\@evil.example/client.json",
        "https://tools.example/client json",
        "https://tools.example/client.json\n",
        "https://t\u00f6ols.example/client.json",
        "https://[::1]/client.json",
        "https://tools.example/" + "x" * 234,
    ],
)
def test_no_other_text_can_be_a_client_id(address: str) -> None:
    assert not is_document_address(address)


def test_the_authority_includes_the_port_if_there_is_one() -> None:
    assert authority_of("https://tools.example:8443/c") == "tools.example:8443"
    assert authority_of("https://tools.example/c") == "tools.example"
