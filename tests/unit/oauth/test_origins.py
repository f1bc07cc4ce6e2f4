"""The origins of redirect URIs are compared as texts, except for the ports of loopback hosts."""

import pytest

from doorward.domain.oauth.registered_origins import OriginSet

ORIGINS = OriginSet.of_uris(
    [
        "https://app.example/callback",
        "https://Other.Example:8443/a?b=c",
        "https://usual.example:443/a",
        "http://localhost/callback",
        "http://127.0.0.1:5000/callback",
        "com.example.app:/callback",
    ]
)


@pytest.mark.parametrize(
    "origin",
    [
        *("https://app.example", "https://other.example:8443", "https://usual.example"),
        *("http://localhost", "http://localhost:5173", "http://127.0.0.1", "http://127.0.0.1:5000"),
        "http://127.0.0.1:5001",
    ],
)
def test_the_origin_of_a_redirect_uri_is_known(origin: str) -> None:
    assert ORIGINS.contains(origin)


@pytest.mark.parametrize(
    "origin",
    [
        *("null", "", "*", "https://app.example.evil.example", "https://app.example:444", "http://app.example"),
        *("https://evil.example", "https://other.example", "https://localhost", "http://[::1]:5173"),
        *("http://localhost.evil.example", "http://localhost:5173/", "http://localhost:", "http://localhost:999999"),
        *("com.example.app:", "com.example.app://", "https://APP.example", "http://localhost:1" + "1" * 600),
        "https://app.example/callback",
    ],
)
def test_any_other_origin_is_unknown(origin: str) -> None:
    assert not ORIGINS.contains(origin)
