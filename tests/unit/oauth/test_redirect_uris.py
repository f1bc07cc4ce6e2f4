"""The redirect URIs that can be registered and requested. Some tests are named after published faults."""

import pytest

from doorward.domain.oauth.exceptions import InvalidRedirectUriError
from doorward.domain.oauth.redirect_uris import (
    MAXIMUM_URIS_PER_CLIENT,
    checked_redirect_uris,
    host_of,
    is_native,
    is_registered,
    origin_of,
)

APP = "https://app.example/callback"


def refused(uri: str) -> bool:
    try:
        checked_redirect_uris([uri])
    except InvalidRedirectUriError:
        return True
    return False


@pytest.mark.parametrize(
    "uri",
    [
        APP,
        "https://app.example",
        "https://app.example:8443/a/b?tenant=1",
        "http://127.0.0.1/callback",
        "http://[::1]:9000/callback",
        "http://localhost/",
        "com.example.app:/callback",
        "app.x:/",
    ],
)
def test_uris_of_applications_can_be_registered(uri: str) -> None:
    assert checked_redirect_uris([uri, uri]) == (uri,)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/callback",
        "//app.example/callback",
        "https:///callback",
        "https://app.example/callback#part",
        "https://app.example/callback#",
        "https://user@app.example/callback",
        "https://*.app.example/callback",
        "https://app.example\\@evil.example/",
        "https://app.example/\ncallback",
        "https://app.example/\u00e9",
        "https://app.example/a b",
        "http://app.example/callback",
        "http://192.168.0.1/callback",
        "https://app.example:0/",
        "https://app.example:99999/",
        "https://[::1/",
        "myapp:/callback",
        "data:text/html,x",
        "https://app.example/" + "a" * 512,
    ],
)
def test_an_invalid_or_unsafe_uri_is_refused(uri: str) -> None:
    assert refused(uri)


@pytest.mark.parametrize(
    "path", ["/a/../b", "/a/..;/b", "/a/..;x=1/b", "/%2e%2e/b", "/.%2E/b", "/a/./b", "/a/%2e;/b", "/a%2f..%2fb", "/.."]
)
def test_dot_segments_are_refused_in_every_spelling_cve_2026_3872(path: str) -> None:
    assert refused(f"https://app.example{path}")


@pytest.mark.parametrize(
    "host", ["localhost.evil", "127.0.0.1.evil", "localhost@evil.example", "127.0.0.1:80@evil.example", "127.1", "::1"]
)
def test_a_host_that_only_begins_like_loopback_is_refused_cve_2026_18211(host: str) -> None:
    assert refused(f"http://{host}/callback")
    assert not is_registered(f"http://{host}/callback", ["http://localhost/callback", "http://127.0.0.1/callback"])


@pytest.mark.parametrize("scheme", ["javascript", "JaVaScRiPt", "vbscript", "data", "file", "JAVA.script"])
def test_schemes_that_browsers_run_are_refused_cve_2026_9086(scheme: str) -> None:
    assert refused(f"{scheme}:alert(1)")


@pytest.mark.parametrize("query", ["code=1", "a=1&code=", "STATE=x", "iss=x", "error=x", "a=1;code=2", "%63ode=1"])
def test_response_parameters_in_a_uri_are_refused_cve_2026_18209(query: str) -> None:
    assert refused(f"{APP}?{query}")


@pytest.mark.parametrize("asked", ["https://appXexample/callback", APP + "s", APP + "/", APP.upper(), APP[:-1], ""])
def test_registered_uris_are_not_patterns_cve_2024_52289(asked: str) -> None:
    assert is_registered(APP, [APP])
    assert not is_registered(asked, [APP, "https://app.example/c.llback"])


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a_loopback_uri_matches_with_every_port(host: str) -> None:
    for registered in (f"http://{host}/callback", f"http://{host}:1/callback"):
        for port in ("", ":80", ":61023"):
            assert is_registered(f"http://{host}{port}/callback", [registered])
        assert not is_registered(f"https://{host}/callback", [registered])
        assert not is_registered("http://other/callback", [registered])


def test_loopback_hosts_do_not_match_each_other() -> None:
    assert not is_registered("http://localhost:80/", ["http://127.0.0.1/", "http://[::1]/"])


@pytest.mark.parametrize("rest", ["/callback?b=2", "/callback", "/callback?a=1&b=2", "/callback?a=1#x", "?a=1", "/"])
def test_path_and_query_of_a_loopback_uri_must_be_equal_cve_2020_15233(rest: str) -> None:
    registered = ["http://127.0.0.1/callback?a=1"]
    assert is_registered("http://127.0.0.1:5000/callback?a=1", registered)
    assert not is_registered(f"http://127.0.0.1:5000{rest}", registered)


def test_an_invalid_port_matches_no_uri() -> None:
    for port in (":", ":x", ":123456", ":80:80"):
        assert not is_registered(f"http://localhost{port}/", ["http://localhost/"])


def test_a_client_has_a_bounded_number_of_redirect_uris() -> None:
    uris = [f"https://app{number}.example/" for number in range(MAXIMUM_URIS_PER_CLIENT + 1)]
    assert checked_redirect_uris(uris[:-1]) == tuple(uris[:-1])
    with pytest.raises(InvalidRedirectUriError):
        checked_redirect_uris(uris)


def test_a_uri_has_a_host_an_origin_and_a_kind() -> None:
    assert (host_of(APP), host_of("http://localhost:1/"), host_of("app.x:/")) == (
        "app.example",
        "localhost:1",
        "app.x:",
    )
    assert (origin_of("https://App.example:8443/a"), origin_of("app.x:/")) == ("https://app.example:8443", None)
    assert [is_native(each) for each in (APP, "http://localhost/", "app.x:/")] == [False, True, True]
