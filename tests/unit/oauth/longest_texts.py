"""Authorization requests, documents and assertions of clients in which an attacker chose every text."""

import contextlib
from datetime import UTC, datetime
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from doorward.core.exceptions import DomainError
from doorward.core.principal import MAXIMUM_TOKEN_LENGTH
from doorward.domain.auth.tokens.key_proofs import PresentedProof
from doorward.domain.federation.exceptions import InvalidProviderAnswerError
from doorward.domain.federation.login_requests import LoginRequests
from doorward.domain.oauth.authorization_request import read_authorization
from doorward.domain.oauth.client_metadata import AllowedRegistration, content_of_document
from doorward.domain.oauth.document_address import is_document_address
from doorward.infrastructure.client_assertions import SignedAssertions
from doorward.infrastructure.client_documents import read_members
from doorward.infrastructure.dpop_proofs import SignedProofs
from doorward.infrastructure.outbound import Document, PublicFetcher
from doorward.infrastructure.sealing import AesGcmSealer
from doorward.web.provider.parameters import read_query
from tests.unit.oauth.applications import APP, AUDIENCES, CALLBACK

ADDRESS: Final = "https://tools.example/client.json"
_STATES: Final = LoginRequests(AesGcmSealer([bytes(32)]))
LONGEST: Final = 16_384
_NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
_KEY: Final = generate_private_key(SECP256R1())
_JWK: Final = ECAlgorithm.to_jwk(_KEY.public_key(), as_dict=True)
_IN_A_PROOF: Final = 2_000
"""The number of characters that fit into a proof in any JSON encoding."""


def read_document(text: str) -> None:
    """Read the text as a document, as each member of a document, and as a document's URL."""
    names = ("client_name", "scope", "token_endpoint_auth_method")
    members = {**dict.fromkeys(names, text), "redirect_uris": [text] * 20, "client_id": ADDRESS}
    with contextlib.suppress(DomainError):
        content_of_document(ADDRESS, members, AllowedRegistration(frozenset({"openid"})))
    with contextlib.suppress(DomainError):
        read_members(Document(text.encode(errors="replace"), {"content-type": "application/json"}))
    is_document_address(text)


def read_request(text: str) -> None:
    """Read the text as each parameter of a known application's request, and as a query string."""
    names = ("scope", "prompt", "acr_values", "max_age", "state", "nonce", "resource", "code_challenge")
    asked = {**dict.fromkeys(names, text), "redirect_uri": CALLBACK}
    with contextlib.suppress(DomainError):
        read_authorization(asked, (), APP, None, AUDIENCES)
        read_query(text)


def read_state(text: str) -> None:
    """Read the text as the state of a login at another provider."""
    with contextlib.suppress(InvalidProviderAnswerError):
        _STATES.open(text, provider="acme", browser=text, now=datetime.now(UTC))


def read_assertion(text: str) -> None:
    """Read the text as an assertion, as the parts of one, and as a key set."""
    reader = SignedAssertions("https://auth.example", PublicFetcher())
    reader.client_of(text)
    reader.client_of(f"{text}.{text}.{text}"[:MAXIMUM_TOKEN_LENGTH])
    reader.has_usable_key(text)


def read_proof(text: str) -> None:
    """Read the text as a proof, as the parts of one, and as the URL and jti of a genuine one."""
    reader = SignedProofs()
    claims = {"htm": "GET", "htu": f"https://{text[:_IN_A_PROOF]}", "jti": text[:200], "iat": _NOW.timestamp()}
    genuine = jwt.encode(claims, _KEY, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": _JWK})
    for each in (text, f"{text}.{text}.{text}"[:MAXIMUM_TOKEN_LENGTH], genuine):
        reader.read(PresentedProof(each, "GET", ADDRESS), _NOW)
