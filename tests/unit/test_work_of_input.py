"""No untrusted input within the limits blocks the event loop for more than the equivalent of 100 ms."""

import base64
import contextlib
import io
import ipaddress
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import pytest
from starlette.requests import Request

from doorward.api import caller, conditional, links
from doorward.api.client_address import client_address
from doorward.api.schemas import ceremonies
from doorward.core import pages
from doorward.core.exceptions import DomainError
from doorward.domain.administration import policy as administration
from doorward.domain.auth.devices.device_token import DeviceTokenCodec
from doorward.domain.auth.login.pending_login import PendingLogins
from doorward.domain.auth.passwords import policy
from doorward.domain.auth.tokens.one_time_token import OneTimeTokenCodec, Purpose
from doorward.domain.auth.tokens.refresh_token import RefreshTokenCodec
from doorward.domain.auth.tokens.sealed_tokens import SealedKind, SealedTokens
from doorward.domain.auth.users import identifiers
from doorward.domain.items import search
from doorward.domain.items.folding import fold
from doorward.domain.items.indexing import index_of
from doorward.domain.items.models import ImportedItem, ItemContent, ItemFilter
from doorward.domain.items.policy import checked_content, checked_filter
from doorward.domain.items.reading.columns import read_column_map
from doorward.domain.items.reading.files import FileOptions, open_items
from doorward.domain.oauth import policy as oauth
from doorward.domain.oauth.client_authentication import read_credentials
from doorward.domain.oauth.models import ClientContent, PresentedCredentials
from doorward.domain.oauth.pkce import is_verified
from doorward.domain.oauth.redirect_uris import checked_redirect_uris, is_registered
from doorward.domain.oauth.sign_in_notes import SignInNotes
from doorward.domain.passkeys import policy as passkeys
from doorward.domain.passkeys.client_data import LONGEST_CLIENT_DATA, ClientDataError, read_client_data
from doorward.domain.passkeys.ports import CeremonyFailedError
from doorward.domain.webhooks import policy as webhooks
from doorward.domain.webhooks.models import EndpointContent
from doorward.infrastructure.access_tokens import AccessTokens
from doorward.infrastructure.authenticator_cbor import check_cbor
from doorward.observability.scrubbing import Scrubber
from doorward.server.request_head import refusal_of_head
from doorward.settings.limits import Network
from tests.unit import worst_inputs
from tests.unit.oauth import longest_texts
from tests.unit.oauth.applications import CALLBACK
from tests.unit.processor_time import share_of_budget, share_of_first_call

FIELD: Final = 1024
"""The maximum number of code points in a field of auth."""

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_KEY: Final = b"k" * 32
_TOKENS: Final = AccessTokens(
    key=_KEY, previous_key=b"p" * 32, algorithm="HS256", issuer="a", audience="b", lifetime=timedelta(minutes=1)
)
_CURSORS: Final = pages.CursorCodec(_KEY, b"p" * 32)
_REFRESH_TOKENS: Final = RefreshTokenCodec(_KEY, b"p" * 32)
_ONE_TIME_TOKENS: Final = OneTimeTokenCodec(_KEY, b"p" * 32)
_DEVICE_TOKENS: Final = DeviceTokenCodec(_KEY, b"p" * 32)
_SEALED_TOKENS: Final = SealedTokens(_KEY, b"p" * 32)
_PENDING_LOGINS: Final = PendingLogins(_SEALED_TOKENS)
_TRUSTED: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text) for text in ("10.0.0.0/8", "fc00::/7", *(f"100.{number}.0.0/16" for number in range(50)))
)
_SCRUBBER: Final = Scrubber()


def _check_webhook(text: str) -> object:
    return webhooks.checked_content(EndpointContent(f"https://{text}"), ())


def _check_client(text: str) -> object:
    return oauth.checked_content(ClientContent(text, scopes=(text,)))


def _read_credentials(text: str) -> None:
    with contextlib.suppress(DomainError):
        read_credentials(PresentedCredentials(authorization=f"Basic {text}"))
    encoded = base64.b64encode(text[:1500].encode("latin-1", "replace")).decode()
    with contextlib.suppress(DomainError):
        read_credentials(PresentedCredentials(authorization=f"Basic {encoded}", client_id=text))
    read_credentials(PresentedCredentials(client_id=text, client_secret=text))


class Place(NamedTuple):
    """A place that processes untrusted input: its name, its work, and the most expensive inputs."""

    name: str
    work: Callable[[Any], object]
    inputs: Callable[[], Mapping[str, Any]]


def _request(name: str, value: str) -> Request:
    headers = [(name.encode(), value.encode("latin-1", "replace"))]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})


def _read_one_time_token(text: str) -> None:
    with contextlib.suppress(DomainError):
        _ONE_TIME_TOKENS.decode(text, Purpose.PASSWORD_RESET)


def _read_sealed_token(text: str) -> None:
    with contextlib.suppress(DomainError):
        _SEALED_TOKENS.read(text, SealedKind.RESTORE, now=_NOW)


def _read_client_data(text: str) -> None:
    for content in (text.encode("utf-8", "surrogatepass")[:LONGEST_CLIENT_DATA], b"[" * LONGEST_CLIENT_DATA):
        with contextlib.suppress(ClientDataError):
            read_client_data(content)
    with contextlib.suppress(ClientDataError):
        read_client_data(json.dumps({"challenge": text}).encode()[:LONGEST_CLIENT_DATA])


def _decode_member(text: str) -> None:
    with contextlib.suppress(ValueError):
        ceremonies.decoded(text)


def _read_credential(text: str) -> None:
    for content in (text, "[" * len(text), json.dumps({"id": text, "rawId": text, "type": "public-key"})):
        with contextlib.suppress(ValueError):
            ceremonies.AuthenticationJson.model_validate_json(content.encode("utf-8", "surrogatepass"))


def _check_cbor(text: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    for each in (content, b"\x81" * len(content), b"\x98\xff" * len(content), b"\x40" * len(content)):
        with contextlib.suppress(CeremonyFailedError):
            check_cbor(each)


def _name_passkey(text: str) -> None:
    with contextlib.suppress(DomainError):
        passkeys.clean_name(text)


def _read_pending_login(text: str) -> None:
    with contextlib.suppress(DomainError):
        _PENDING_LOGINS.read(text, now=_NOW)


def _read_code(text: str) -> object:
    return _ONE_TIME_TOKENS.code_macs(text, UUID(int=1), Purpose.PASSWORD_RESET)


def _check_password(text: str) -> None:
    policy.check_new_password(text, username="ada.lovelace", email="a@example.com", common_passwords=())


def _search(text: str) -> object:
    words = search.search_words(text)
    return search.search_query(words, {word: search.likely_spellings(word) for word in search.counted_words(words)})


def _first_page_links(text: str) -> object:
    query = b"&".join(f"a{number}={text[:80]}".encode() for number in range(80))
    scope = {"type": "http", "path": "/", "headers": [], "query_string": query}
    return links.page_links(Request(scope), pages.Page([], pages.PageRequest(2, 10), 100))


def _steps(file: bytes) -> Iterable[Callable[[], object]]:
    """Yield a function that reads the next line; the event loop runs between two of them."""
    lines = _lines(file)
    is_over = False

    def step() -> None:
        nonlocal is_over
        try:
            next(lines)
        except (StopIteration, DomainError):
            is_over = True

    while not is_over:
        yield step


def _lines(file: bytes) -> Iterator[object]:
    with open_items(io.BytesIO(file), FileOptions()) as opened:
        for line in opened.lines:
            yield isinstance(line, ImportedItem) and index_of(line.content.title, line.content.description)


def _queries() -> Mapping[str, str]:
    words = {"words of 24": " ".join("abcdefghijklmnopqrstuvw" + chr(97 + n) for n in range(12))[:300]}
    return {**worst_inputs.texts(300), **words}


_PLACES: Final = (
    Place("user name", identifiers.display_username, lambda: worst_inputs.texts(FIELD)),
    Place("user name at its bound", identifiers.display_username, lambda: worst_inputs.texts(320)),
    Place("kind of a login name", identifiers.is_email, lambda: worst_inputs.texts(FIELD)),
    Place("e-mail address", identifiers.read_email, lambda: worst_inputs.addresses(320)),
    Place("longer e-mail address", identifiers.read_email, lambda: worst_inputs.addresses(FIELD)),
    Place("new password", _check_password, lambda: worst_inputs.texts(FIELD)),
    Place("password for its hash", policy.normalize_password, lambda: worst_inputs.texts(FIELD)),
    Place("title", lambda text: checked_content(ItemContent(text)), lambda: worst_inputs.texts(65_000)),
    Place("title at its bound", lambda text: checked_content(ItemContent(text)), lambda: worst_inputs.texts(1_200)),
    Place("description", lambda text: checked_content(ItemContent("a", text)), lambda: worst_inputs.texts(65_000)),
    Place(
        "description at its bound",
        lambda text: checked_content(ItemContent("a", text)),
        lambda: worst_inputs.texts(40_000),
    ),
    Place("URL of a webhook", _check_webhook, lambda: worst_inputs.texts(4_000)),
    Place("1,000 tags", lambda text: checked_content(ItemContent("a", tags=[text] * 1_000)), _queries),
    Place("20 tags", lambda text: checked_content(ItemContent("a", tags=[text[:200]] * 20)), _queries),
    Place("part of a user's name", administration.search_pattern, _queries),
    Place("name of a role", administration.checked_role_name, lambda: worst_inputs.texts(FIELD)),
    Place("description of a role", administration.checked_description, lambda: worst_inputs.texts(FIELD)),
    Place("external id", administration.checked_external_id, lambda: worst_inputs.texts(FIELD)),
    Place("language of a user", administration.checked_locale, lambda: worst_inputs.texts(FIELD)),
    Place("name of a client", _check_client, lambda: worst_inputs.texts(FIELD)),
    Place("identifier of a resource", oauth.is_resource_identifier, lambda: worst_inputs.texts(FIELD)),
    Place("registered redirect URI", lambda uri: checked_redirect_uris([uri]), lambda: worst_inputs.texts(FIELD)),
    Place("requested redirect URI", lambda uri: is_registered(uri, [CALLBACK]), lambda: worst_inputs.texts(FIELD)),
    Place("request for authorization", longest_texts.read_request, lambda: worst_inputs.texts(16_384)),
    Place("note of a sign-in", lambda note: SignInNotes(_KEY).read(note, {}, _NOW), lambda: worst_inputs.texts(16_384)),
    Place("state of a login at a provider", longest_texts.read_state, lambda: worst_inputs.texts(16_384)),
    Place("document of a client", longest_texts.read_document, lambda: worst_inputs.texts(longest_texts.LONGEST)),
    Place("assertion of a client", longest_texts.read_assertion, lambda: worst_inputs.texts(longest_texts.LONGEST)),
    Place("proof of a key", longest_texts.read_proof, lambda: worst_inputs.texts(longest_texts.LONGEST)),
    Place("code verifier", lambda verifier: is_verified("", verifier), lambda: worst_inputs.texts(FIELD)),
    Place("id and secret of a client", _read_credentials, worst_inputs.header_values),
    Place("index of a title", lambda text: index_of(text[:300], ""), lambda: worst_inputs.texts(300)),
    Place("index of a description", lambda text: index_of("a", text), lambda: worst_inputs.texts(10_000)),
    Place("part of a title", fold, _queries),
    Place("map of columns", read_column_map, worst_inputs.column_maps),
    Place("filter of a list", lambda text: checked_filter(ItemFilter(text, text)), _queries),
    Place("search", _search, _queries),
    Place("cursor", lambda text: _CURSORS.decode(text, "title"), lambda: worst_inputs.texts(4_096)),
    Place("refresh token", _REFRESH_TOKENS.decode, lambda: worst_inputs.texts(FIELD)),
    Place("one-time token", _read_one_time_token, lambda: worst_inputs.texts(FIELD)),
    Place("code", _read_code, lambda: worst_inputs.texts(FIELD)),
    Place("sealed token", _read_sealed_token, lambda: worst_inputs.texts(FIELD)),
    Place("client data", _read_client_data, lambda: worst_inputs.texts(LONGEST_CLIENT_DATA)),
    Place("member of a passkey", _decode_member, lambda: worst_inputs.texts(16_384)),
    Place("passkey in a form", _read_credential, lambda: worst_inputs.texts(32 * 1024)),
    Place("CBOR of an authenticator", _check_cbor, lambda: worst_inputs.texts(12 * 1024)),
    Place("name of a passkey", _name_passkey, lambda: worst_inputs.texts(FIELD)),
    Place("pending login", _read_pending_login, lambda: worst_inputs.texts(FIELD)),
    Place("device token", _DEVICE_TOKENS.decode, lambda: worst_inputs.texts(FIELD)),
    Place("access token", lambda text: _TOKENS.verify(text, _NOW), worst_inputs.access_tokens),
    Place("links of a page", _first_page_links, _queries),
    Place(
        "If-Match", lambda v: conditional.change_precondition(_request("if-match", v))(1), worst_inputs.header_values
    ),
    Place(
        "If-None-Match", lambda v: conditional.is_unchanged(_request("if-none-match", v), 1), worst_inputs.header_values
    ),
    Place("Authorization", lambda v: caller.bearer_token(_request("authorization", v)), worst_inputs.header_values),
    Place(
        "X-Forwarded-For",
        lambda value: client_address("10.0.0.1", value.split(" "), _TRUSTED),
        worst_inputs.header_values,
    ),
    Place(
        "Host",
        lambda value: refusal_of_head("1.1", b"/", [(b"host", value.encode("latin-1", "replace"))]),
        worst_inputs.header_values,
    ),
    Place("value in the log", _SCRUBBER.text, worst_inputs.log_texts),
    Place("traceback in the log", lambda text: _SCRUBBER.scrub({"exception": text}), worst_inputs.log_texts),
)


@pytest.mark.parametrize("place", _PLACES, ids=[place.name for place in _PLACES])
def test_no_untrusted_input_blocks_the_event_loop_for_100_ms(place: Place, findings: list[str]) -> None:
    shares = {name: share_of_budget(lambda text=text: place.work(text)) for name, text in place.inputs().items()}  # type: ignore[misc] # bound now
    worst = max(shares, key=lambda name: shares[name])
    findings.append(f"work of input: {place.name}: {shares[worst] * 100:.1f} of 100 ms for {worst}")
    assert {name: share for name, share in shares.items() if share > 1} == {}


def test_no_line_of_a_csv_file_blocks_the_event_loop_for_100_ms(findings: list[str]) -> None:
    shares: dict[str, float] = {}
    for name, file in worst_inputs.csv_files().items():
        shares[name] = max(map(share_of_first_call, _steps(file)))
    worst = max(shares, key=lambda name: shares[name])
    findings.append(f"work of input: line of CSV: {shares[worst] * 100:.1f} of 100 ms for {worst}")
    assert {name: share for name, share in shares.items() if share > 1} == {}


def test_unbounded_normalisation_exceeds_the_budget() -> None:
    worst = worst_inputs.texts(9_000)["marks of two classes, in halves"]
    assert share_of_budget(lambda: unicodedata.normalize("NFC", worst)) > 1
