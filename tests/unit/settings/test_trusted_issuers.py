"""TRUSTED_ISSUERS: valid entries, and their sources."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from doorward.settings.config import Settings, SettingsError, settings_from
from doorward.settings.insecure import insecure_settings

ENTRY: Final[dict[str, Any]] = {
    "issuer": "https://accounts.example/realms/shop",
    "audiences": ["items"],
    "roles": {"editor": ["items:read", "items:write"]},
}
KEY: Final = "k" * 8 + "-3f1b9c0a7d5e2846-" + "x" * 20


def settings(value: object, **changes: object) -> Settings:
    return settings_from({"environment": "development", "secret_key": KEY, "trusted_issuers": value, **changes})


def refusal(value: object, **changes: object) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(value, **changes)
    return str(caught.value)


def inline(**changes: object) -> str:
    return json.dumps([{name: value for name, value in {**ENTRY, **changes}.items() if value is not None}])


def test_no_issuer_is_trusted_by_default() -> None:
    assert settings("[]").issuers.trusted_issuers == ()
    assert settings_from({"environment": "development", "secret_key": KEY}).issuers.trusted_issuers == ()


def test_missing_members_of_an_entry_have_the_strictest_defaults() -> None:
    (issuer,) = settings(inline()).issuers.trusted_issuers
    assert issuer.algorithms == ("RS256", "ES256")
    assert (issuer.preset, issuer.users, issuer.leeway_seconds) == ("generic", "create", 30)
    assert not issuer.allow_private_addresses
    assert issuer.jwks_uri is None


TOML: Final = """
[[issuers]]
issuer = "https://accounts.example/realms/shop"
audiences = ["items"]

[issuers.roles]
editor = ["items:read", "items:write"]
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("issuers.json", inline()), ("issuers.json", f'{{"issuers": {inline()}}}'), ("issuers.toml", TOML)],
    ids=["list", "object", "toml"],
)
def test_a_file_is_read_like_inline_text(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert settings(str(path)).issuers == settings(inline()).issuers


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"issuer": None}, "issuer: Field required"),
        ({"audiences": None}, "audiences: Field required"),
        ({"audiences": []}, "audiences: "),
        ({"audiences": [""]}, "audiences.0: "),
        ({"audiences": ["items", "account"]}, "account is in almost every token of Keycloak"),
        ({"algorithms": ["HS256"]}, "algorithms.0: "),
        ({"algorithms": ["none"]}, "algorithms.0: "),
        ({"algorithms": []}, "algorithms: "),
        ({"preset": "okta"}, "preset: "),
        ({"users": "link"}, "users: "),
        ({"roles": {}}, "roles: "),
        ({"roles": {"editor": []}}, "roles: each stands for scopes among items:read, items:write"),
        ({"roles": {"editor": ["account"]}}, "roles: each stands for scopes among"),
        ({"roles": {"editor": ["items:read", "admin:users:read"]}}, "roles: each stands for scopes among"),
        ({"leeway_seconds": 301}, "leeway_seconds: "),
        ({"jwks_url": "https://accounts.example/jwks"}, "jwks_url: "),
        ({"issuer": "http://accounts.example"}, "http:// needs allow_private_addresses"),
        ({"jwks_uri": "http://10.0.0.7/jwks"}, "http:// needs allow_private_addresses"),
        ({"issuer": "accounts.example"}, "with a host"),
        ({"issuer": "https://user:secret@accounts.example"}, "without user"),
        ({"issuer": "https://accounts.example?a=b"}, "without user, query"),
        ({"issuer": "https://accounts.example:0"}, "with a host"),
        ({"issuer": "https://[::1"}, "with a host"),
        ({"jwks_uri": "file:///etc/passwd", "allow_private_addresses": True}, "with a host"),
        ({"jwks_uri": "ftp://10.0.0.7/jwks", "allow_private_addresses": True}, "begin with https://"),
    ],
    ids=str,
)
def test_an_unusable_entry_is_refused_with_the_reason(changes: dict[str, object], what: str) -> None:
    message = refusal(inline(**changes))
    assert message.startswith("TRUSTED_ISSUERS has an unusable entry 1: ")
    assert what in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("{", "is neither JSON nor the path of a file"),
        ('[1, "a"', "is neither JSON nor the path of a file"),
        ("{}", "must be a list of issuers"),
        ('{"issuers": {}}', "must be a list of issuers"),
        ("[7]", "has an unusable entry 1: "),
        ("/nowhere/issuers.toml", "the file cannot be read: No such file or directory"),
    ],
)
def test_a_value_that_is_not_a_list_of_issuers_is_refused(value: str, what: str) -> None:
    assert what in refusal(value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.toml", b"[[issuers"),
        ("a.json", b"{"),
        ("a.json", b"\xff"),
        ("a.json", b"[" * 100_000),
        ("a.toml", b"a=\xff"),
    ],
    ids=str,
)
def test_a_malformed_or_too_large_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert "the file is not valid TOML (.toml) or JSON" in refusal(str(path))
    path.write_bytes(b" " * (256 * 1024 + 1))
    assert "the file has more than 256 KiB" in refusal(str(path))


def test_a_repeated_issuer_is_refused() -> None:
    assert "must have https://accounts.example/realms/shop once" in refusal(json.dumps([ENTRY, ENTRY]))


@pytest.mark.parametrize("name", ["jwt_issuer", "public_url"])
@pytest.mark.parametrize("issuer", ["https://auth.example.com", "https://auth.example.com/"])
def test_the_services_own_issuer_is_refused(name: str, issuer: str) -> None:
    message = refusal(inline(issuer=issuer), **{name: "https://auth.example.com"})
    assert "TRUSTED_ISSUERS must not have the service's own issuer" in message


def test_a_url_without_encryption_for_keys_is_reported() -> None:
    def reported(**changes: object) -> list[str]:
        given = settings(inline(allow_private_addresses=True, **changes))
        return [why for name, why in insecure_settings(given) if name == "TRUSTED_ISSUERS"]

    assert reported() == []
    assert reported(jwks_uri="http://127.0.0.1:8080/jwks") == []
    assert reported(jwks_uri="http://10.0.0.7/jwks") == [
        "the keys of an issuer travel unencrypted, and could be replaced on the way"
    ]
    assert len(reported(issuer="http://keycloak.internal")) == 1
