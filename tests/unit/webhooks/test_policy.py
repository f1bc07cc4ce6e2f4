"""The rules for webhook endpoints."""

import pytest

from doorward.domain.webhooks.exceptions import (
    InvalidWebhookDescriptionError,
    InvalidWebhookUrlError,
    UnknownEventTypeError,
)
from doorward.domain.webhooks.models import EndpointContent
from doorward.domain.webhooks.policy import checked_content

TYPES = {"user.registered", "user.deleted"}


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/hooks/doorward?team=a&b=%20",
        "http://10.0.0.1/",
        "https://[2001:db8::1]/hook",
        "https://xn--bcher-kva.example/",
    ],
)
def test_http_and_https_urls_are_accepted(url: str) -> None:
    assert checked_content(EndpointContent(url), TYPES).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "//example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://",
        "https:///hook",
        "https://ada:secret@example.com/",
        "https://@example.com/",
        "https://example.com/#fragment",
        "https://example.com/ hook",
        "https://example.com/\r\nX-Injected: yes",
        "https://example.com/\x00",
        "https://example.com\\@127.0.0.1/",
        "https://bücher.example/",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://example.com:/",
        "https://example.com:port/",
        "https://[::1/",
        "https://example.com/" + "x" * 2000,
    ],
    ids=range(22),
)
def test_an_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidWebhookUrlError):
        checked_content(EndpointContent(url), TYPES)


@pytest.mark.parametrize("description", ["x" * 201, "two\nlines", "\ud800"], ids=["long", "lines", "surrogate"])
def test_a_description_must_be_one_line(description: str) -> None:
    with pytest.raises(InvalidWebhookDescriptionError):
        checked_content(EndpointContent("https://example.com", description), TYPES)


def test_types_are_stored_sorted_and_without_duplicates() -> None:
    types = ("user.registered", "user.deleted", "user.registered")
    content = checked_content(EndpointContent("https://example.com", types=types), TYPES)
    assert content.types == ("user.deleted", "user.registered")
    assert checked_content(EndpointContent("https://example.com"), TYPES).types is None


@pytest.mark.parametrize("types", [(), ("user.invented",), ("user.registered", "*")], ids=["none", "other", "star"])
def test_unknown_event_types_are_refused(types: tuple[str, ...]) -> None:
    with pytest.raises(UnknownEventTypeError):
        checked_content(EndpointContent("https://example.com", types=types), TYPES)
