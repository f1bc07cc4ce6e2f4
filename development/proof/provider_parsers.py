"""Properties of the OpenID provider's parsers of untrusted input, for any bytes."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm

from doorward.core.exceptions import DomainError
from doorward.domain.auth.tokens.key_proofs import PresentedProof
from doorward.domain.oauth.client_metadata import AllowedRegistration, content_of_document
from doorward.domain.oauth.exceptions import InvalidAuthorizationError
from doorward.domain.oauth.models import NO_SECRET
from doorward.domain.oauth.policy import AUTHORIZATION_CODE, REFRESH_TOKEN
from doorward.domain.oauth.redirect_uris import checked_redirect_uris, host_of, is_registered, origin_of
from doorward.domain.oauth.user_code import read_user_code, shown
from doorward.infrastructure.client_documents import read_members
from doorward.infrastructure.dpop_proofs import SignedProofs
from doorward.infrastructure.outbound import Document
from doorward.web.provider.parameters import authorization_parameters_of, checked_next, read_query
from doorward_client.public_keys import thumbprint

_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ADDRESS: Final = "https://tool.example/client"
_ALLOWED: Final = AllowedRegistration(frozenset({"openid", "profile"}))
_URL: Final = "https://auth.example/oauth/token"
_KEY: Final = generate_private_key(SECP256R1())
_JWK: Final = ECAlgorithm.to_jwk(_KEY.public_key(), as_dict=True)
_PROOFS: Final = SignedProofs()
_CLAIMS: Final = {"jti": "one", "htm": "POST", "htu": _URL, "iat": int(_NOW.timestamp())}
_DOCUMENT: Final = {
    "client_id": _ADDRESS,
    "client_name": "Tool",
    "redirect_uris": ["https://tool.example/callback", "http://127.0.0.1/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": "openid email",
}


class BrokenProviderPropertyError(Exception):
    """A parser violated a property."""


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 - it is an assertion
    if not holds:
        raise BrokenProviderPropertyError(what)


def client_document(data: bytes) -> None:
    """Check that a document is refused, or describes a public client within the limits of all such clients."""
    try:
        members = read_members(Document(data, {"content-type": "application/json"}))
        content = content_of_document(_ADDRESS, members, _ALLOWED)
    except DomainError:
        return
    _require(content.auth_method == NO_SECRET, "a described client has a secret")
    _require(set(content.scopes) <= _ALLOWED.scopes, "a described client has a scope that was not allowed")
    _require(set(content.grant_types) <= {AUTHORIZATION_CODE, REFRESH_TOKEN}, "a described client has another grant")
    _require(checked_redirect_uris(content.redirect_uris) == content.redirect_uris, "an address may not be registered")
    texts = (content.name, *content.redirect_uris, *content.post_logout_uris)
    _require(all("\0" not in text and text.isprintable() for text in texts), "a client cannot be stored or shown")


def key_proof(data: bytes) -> None:
    """Check that a proof is refused, or was signed by the only key."""
    presented = PresentedProof(data.decode("latin-1"), "POST", _URL)
    verified = _PROOFS.read(presented, _NOW)
    _require(verified is None or verified.thumbprint == thumbprint(_JWK), "a proof that nothing signed was verified")


def user_code(data: bytes) -> None:
    """Check that input is no code, or the same code in any spelling."""
    code = read_user_code(data.decode(errors="replace"))
    _require(code is None or read_user_code(shown(code).lower()) == code, "a code has another code")


def redirect_uri(data: bytes) -> None:
    """Check that a URI is refused, or can be registered, compared, and shown with its host."""
    uri = data.decode(errors="surrogateescape")
    try:
        registered = checked_redirect_uris([uri])
    except DomainError:
        return
    _require(is_registered(uri, registered), "a registered address is not found")
    _require(uri.isascii() and host_of(uri) != "", "an address leads to no host")
    origin = origin_of(uri)
    _require(origin is None or uri.lower().startswith(origin.lower()), "an address has the origin of another one")


def page_query(data: bytes) -> None:
    """Check that a query is refused, or has each parameter once, and that a redirect stays within this service."""
    text = data.decode(errors="surrogateescape")
    leads_to = checked_next(text)
    _require(not leads_to or leads_to.startswith(("/account/", "/oauth/", "/admin/")), "a page leads to another host")
    try:
        authorization_parameters_of(leads_to, "")
        asked = read_query(text)
    except InvalidAuthorizationError:
        return
    _require(all(asked.values.values()), "an empty parameter counts")


PARSERS: Final[Mapping[str, Callable[[bytes], None]]] = {
    each.__name__: each for each in (client_document, key_proof, user_code, redirect_uri, page_query)
}
SEEDS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "client_document": (json.dumps(_DOCUMENT).encode(), b'{"client_id": "https://tool.example/client"}', b"[]"),
    "key_proof": (
        jwt.encode(_CLAIMS, _KEY, algorithm="ES256", headers={"typ": "dpop+jwt", "jwk": _JWK}).encode(),
        b"eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30.",
    ),
    "user_code": (b"BCDF-GHJK", b"bcdf ghjk"),
    "redirect_uri": (b"https://app.example/callback", b"http://[::1]:80/callback", b"com.example.app:/callback"),
    "page_query": (
        b"client_id=dwc_a&scope=openid+email",
        b"/oauth/authorize?client_id=a",
        b"/account/device?user_code=B",
    ),
}
