"""The metadata of clients that describe themselves (RFC 7591 section 2), and their validation. Pure.

Such a client gets the resources that the operator allows, and those of the allowed scopes that it requests. It is never
first-party. Unknown members are ignored, as the standard requires.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from doorward.core.exceptions import DomainError
from doorward.core.frozen import frozen
from doorward.domain.oauth.document_address import authority_of
from doorward.domain.oauth.exceptions import InvalidRedirectUriError, RedirectUriMissingError
from doorward.domain.oauth.models import NO_SECRET, AuthMethod, ClientContent, KeyAlgorithm
from doorward.domain.oauth.policy import AUTHORIZATION_CODE, REFRESH_TOKEN, checked_content
from doorward.domain.oauth.registration_exceptions import InvalidClientMetadataError

PUBLIC_ONLY: Final[Mapping[str, AuthMethod]] = {NO_SECRET: NO_SECRET}
MAXIMUM_MEMBER_LENGTH: Final = 4096
MAXIMUM_LIST_LENGTH: Final = 64
_GRANT_TYPES: Final = frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN})
_ALGORITHMS: Final[Mapping[str, KeyAlgorithm]] = {"RS256": "RS256", "ES256": "ES256"}


@frozen
class AllowedRegistration:
    """The scopes and resources that the operator allows for clients that describe themselves."""

    scopes: frozenset[str]
    resources: tuple[str, ...] = ()


def content_of_document(address: str, members: Mapping[str, object], allowed: AllowedRegistration) -> ClientContent:
    """Return the content of the client that the document at an address describes.

    Raises ``InvalidRedirectUriError``, and ``InvalidClientMetadataError`` also if the document's ``client_id`` is not
    its own address: a document must not describe the client of another address.
    """
    if members.get("client_id") != address or {"client_secret", "client_secret_expires_at"} & members.keys():
        raise InvalidClientMetadataError
    return read_client_metadata(members, allowed, default_name=authority_of(address))


def with_operators_settings(content: ClientContent, stored: ClientContent) -> ClientContent:
    """Return the new content of a client with the settings of the stored one that metadata cannot express.

    Only the operator sets them, so the client must not undo them.
    """
    others = set(stored.grant_types) - _GRANT_TYPES
    return replace(
        content,
        grant_types=tuple(sorted({*content.grant_types, *others})),
        requires_pkce=stored.requires_pkce,
        requires_pushed_requests=stored.requires_pushed_requests,
        backchannel_logout_uri=stored.backchannel_logout_uri,
    )


def read_client_metadata(
    members: Mapping[str, object],
    allowed: AllowedRegistration,
    *,
    default_name: str,
    methods: Mapping[str, AuthMethod] = PUBLIC_ONLY,
) -> ClientContent:
    """Return the content of a client that describes itself, limited to what is allowed.

    ``methods`` are the allowed authentication methods, the first of which is the default. Without ``scope`` the client
    gets all allowed scopes. Raises ``InvalidRedirectUriError``, and ``InvalidClientMetadataError`` for everything else.
    """
    method = methods.get(_text(members, "token_endpoint_auth_method", next(iter(methods))))
    if method is None or "code" not in _texts(members, "response_types", ("code",)):
        raise InvalidClientMetadataError
    grant_types = _GRANT_TYPES.intersection(_texts(members, "grant_types", (AUTHORIZATION_CODE,)))
    algorithm = _ALGORITHMS.get(_text(members, "id_token_signed_response_alg", "RS256"))
    if AUTHORIZATION_CODE not in grant_types or algorithm is None:
        raise InvalidClientMetadataError
    named = frozenset(_text(members, "scope", "").split())
    content = ClientContent(
        name=_text(members, "client_name", default_name) or default_name,
        auth_method=method,
        grant_types=tuple(sorted(grant_types)),
        scopes=tuple(sorted(allowed.scopes & named if named else allowed.scopes)),
        resources=allowed.resources,
        redirect_uris=tuple(_texts(members, "redirect_uris", ())),
        post_logout_uris=tuple(_texts(members, "post_logout_redirect_uris", ())),
        id_token_algorithm=algorithm,
    )
    try:
        return checked_content(content)
    except (InvalidRedirectUriError, RedirectUriMissingError) as error:
        raise InvalidRedirectUriError from error
    except DomainError as error:
        raise InvalidClientMetadataError from error


def _text(members: Mapping[str, object], name: str, default: str) -> str:
    value = members.get(name, default)
    if not isinstance(value, str) or len(value) > MAXIMUM_MEMBER_LENGTH:
        raise InvalidClientMetadataError
    return value


def _texts(members: Mapping[str, object], name: str, default: Sequence[str]) -> list[str]:
    value = members.get(name, list(default))
    if not isinstance(value, list) or len(value) > MAXIMUM_LIST_LENGTH:
        raise InvalidClientMetadataError
    texts = [each for each in value if isinstance(each, str) and len(each) <= MAXIMUM_MEMBER_LENGTH]
    if len(texts) != len(value):
        raise InvalidClientMetadataError
    return texts
