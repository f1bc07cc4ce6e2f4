"""Origins and hosts in settings: the one spelling that browsers send, and refusals of all others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.settings.browsers import BrowserSettings
from doorward.settings.web_addresses import (
    check_contact,
    check_header_names,
    check_hosts,
    check_origin,
    check_origins,
    check_public_address,
    check_web_address,
    is_served_as,
)


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com",
        "http://localhost:3000",
        "http://localhost",
        "https://xn--bcher-kva.example",
        "http://192.0.2.1:8080",
        "http://[::1]:3000",
        "https://example.com:65535",
        "http://example.com:443",
        "capacitor://localhost",
        "ionic://localhost",
        "tauri://localhost",
        "chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb",
        "moz-extension://b8b3a4a4-5c0d",
        "capacitor://localhost:8100",
        "ftp://app.example.com",
    ],
)
def test_an_origin_in_the_format_of_browsers_is_accepted(origin: str) -> None:
    assert check_origin(origin) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "*",
        "app.example.com",
        "https://",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com?query",
        "https://app.example.com#part",
        "https://ada@app.example.com",
        "https://*.example.com",
        "https://App.example.com",
        "HTTPS://app.example.com",
        "file://",
        "1app://localhost",
        "my_app://localhost",
        "capacitor://localhost/",
        "https://b\u00fccher.example",
        "https://app.example.com:0",
        "https://app.example.com:65536",
        "https://app.example.com:",
        "https://app..example.com",
        "https://app.example.com.",
        "https://app.example.com\n",
        " https://app.example.com",
        "https://[::1",
        "https://app.example.com https://other.example.com",
    ],
)
def test_an_invalid_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lower case, without path"):
        check_origin(text)


@pytest.mark.parametrize("text", ["https://app.example.com:443", "http://app.example.com:80"])
def test_the_default_port_of_the_scheme_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="browsers leave out"):
        check_origin(text)


@pytest.mark.parametrize("text", ["capacitor://localhost", "ftp://example.com", "localhost"])
def test_the_public_url_must_begin_with_http(text: str) -> None:
    with pytest.raises(ValueError, match="begin with http"):
        check_web_address(text)
    assert check_web_address("https://auth.example.com") == "https://auth.example.com"


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("https://auth.example.com", ""),
        ("https://example.com/auth", "/auth"),
        ("https://example.com:8443/services/auth_1", "/services/auth_1"),
        ("http://[::1]:8000/~ada/auth-2.0", "/~ada/auth-2.0"),
    ],
)
def test_the_public_url_may_have_a_path(text: str, prefix: str) -> None:
    assert check_public_address(text) == text
    assert BrowserSettings(public_url=text).path_prefix == prefix


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/auth/", "//auth", "/a//b", "/./auth", "/../auth", "/auth/..", "/.auth", "/a%20b", "/a b", "/auth?x"),
        *("/#x", "/\u00e9", "/a;b", "/a\\b", "/" + "x" * 64, "/x" * 9, "/auth\n"),
    ],
)
def test_a_path_that_a_proxy_may_change_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="end without a slash"):
        check_public_address(f"https://example.com{path}")


def test_valid_header_names_are_accepted() -> None:
    assert check_header_names(("X-Tenant", "x_client.version")) == ("X-Tenant", "x_client.version")


@pytest.mark.parametrize("text", ["", "*", "X Tenant", "X-Tenant:", "X-\u00e9", "x" * 65, "X-Tenant\n"])
def test_an_invalid_header_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names of headers"):
        check_header_names((text,))


@given(text=st.text())
def test_an_accepted_origin_has_only_a_scheme_a_host_and_a_port(text: str) -> None:
    for candidate in (text, f"https://{text}"):
        try:
            origin = check_origin(candidate)
        except ValueError:
            continue
        assert origin.isascii()
        assert not set(origin.partition("://")[2]) & set("/?#@\\ \t\r\n*,")


def test_the_wildcard_for_all_origins_must_be_the_only_entry() -> None:
    assert check_origins(("*",)) == ("*",)
    with pytest.raises(ValueError, match="beside"):
        check_origins(("*", "https://app.example.com"))


@pytest.mark.parametrize(
    "host", ["auth.example.com", "*.example.com", "localhost", "10.0.0.1", "[::1]", "doorward_service_1"]
)
def test_valid_host_names_are_accepted(host: str) -> None:
    assert check_hosts((host,)) == (host,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "*.",
        "*example.com",
        "a.*.example.com",
        "auth.example.com:443",
        "https://auth.example.com",
        "Auth.example.com",
        "auth.example.com/",
        "-auth.example.com",
        "auth.example.com\n",
    ],
)
def test_an_invalid_host_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="without scheme or port"):
        check_hosts((text,))


@pytest.mark.parametrize(
    "text",
    ["mailto:security@example.com", "mailto:a+b%25@example.com", "https://example.com/report?kind=weakness#form"],
)
def test_the_contact_may_be_a_mailbox_or_a_page(text: str) -> None:
    assert check_contact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "security@example.com",
        "mailto:security",
        "mailto:",
        "https://",
        "http://example.com/report",
        "tel:+1-201-555-0123",
        "MAILTO:security@example.com",
        "https://example.com/a b",
        "https://example.com/\u00e9",
        "mailto:a@example.com\nExpires: 2099-01-01T00:00:00Z",
        "https://example.com\n",
        "https://example.com\r\nx",
    ],
)
def test_a_contact_that_security_txt_cannot_contain_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"mailto: with an e-mail address, or begin with https://"):
        check_contact(text)


@pytest.mark.parametrize(
    ("host", "is_served"),
    [
        ("auth.example.com", True),
        ("a.internal.example.com", True),
        ("a.b.internal.example.com", True),
        ("internal.example.com", False),
        ("xinternal.example.com", False),
        ("auth.example.com.evil.example", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_a_host_is_served_if_it_matches_exactly_or_below_a_wildcard(host: str, *, is_served: bool) -> None:
    assert is_served_as(host, ("auth.example.com", "*.internal.example.com")) is is_served
