"""Requests for authorization, documents and assertions of clients, of which a stranger chose every text."""

import contextlib
from datetime import UTC, datetime
from typing import Final

from doorward.core.exceptions import DomainError
from doorward.core.principal import MAXIMUM_TOKEN_LENGTH
from doorward.domain.federation.exceptions import InvalidProviderAnswerError
from doorward.domain.federation.login_requests import LoginRequests
from doorward.domain.oauth.authorization_request import read_authorization
from doorward.domain.oauth.client_metadata import SelfRegistration, content_of_document
from doorward.domain.oauth.document_address import is_document_address
from doorward.infrastructure.client_assertions import SignedAssertions
from doorward.infrastructure.client_documents import read_members
from doorward.infrastructure.outbound import Document, PublicFetcher
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.web.provider.parameters import read_query
from tests.unit.oauth.applications import APP, AUDIENCES, CALLBACK

ADDRESS: Final = "https://tools.example/client.json"
LONGEST: Final = 16_384
_STATES: Final = LoginRequests(AesGcmSealer([bytes(32)]))


def read_document(text: str) -> None:
    """Read a document that is the text, one of which each member is the text, and one whose address is."""
    names = ("client_name", "scope", "token_endpoint_auth_method")
    members = {**dict.fromkeys(names, text), "redirect_uris": [text] * 20, "client_id": ADDRESS}
    with contextlib.suppress(DomainError):
        content_of_document(ADDRESS, members, SelfRegistration(frozenset({"openid"})))
    with contextlib.suppress(DomainError):
        read_members(Document(text.encode(errors="replace"), {"content-type": "application/json"}))
    is_document_address(text)


def read_request(text: str) -> None:
    """A request of a known application, each of whose parameters is the text, and a query string that is."""
    names = ("scope", "prompt", "acr_values", "max_age", "state", "nonce", "resource", "code_challenge")
    asked = {**dict.fromkeys(names, text), "redirect_uri": CALLBACK}
    with contextlib.suppress(DomainError):
        read_authorization(asked, (), APP, None, AUDIENCES)
        read_query(text)


def read_state(text: str) -> None:
    """A state of a login elsewhere that is the text."""
    with contextlib.suppress(InvalidProviderAnswerError):
        _STATES.open(text, provider="acme", browser=text, now=datetime.now(UTC))


def read_assertion(text: str) -> None:
    """An assertion that is the text, one whose parts are, and a set of keys that is."""
    reader = SignedAssertions("https://auth.example", PublicFetcher())
    reader.client_of(text)
    reader.client_of(f"{text}.{text}.{text}"[:MAXIMUM_TOKEN_LENGTH])
    reader.has_usable_key(text)
