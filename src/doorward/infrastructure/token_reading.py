"""Strict parsing of access tokens: their encoding, their JSON, their signature and their claims."""

import base64
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

import jwt

from doorward.core.principal import MAXIMUM_TOKEN_LENGTH, NO_ROLES, ClientPrincipal, Principal, VerifiedToken
from doorward.domain.auth.exceptions import InvalidAccessTokenError

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - RFC 9068 section 2.1: a media type, no password
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""RFC 7515 sections 2 and 7.1: three parts of base64url without padding. PyJWT decodes other characters, too."""

_JWS: Final = jwt.PyJWS()


def compact_parts(token: str) -> Sequence[str]:
    """Return the three parts of a token. Raises ``InvalidAccessTokenError``."""
    if len(token) > MAXIMUM_TOKEN_LENGTH or not _COMPACT.fullmatch(token):
        raise InvalidAccessTokenError
    return token.split(".")


def members_of(part: str) -> dict[str, Any]:
    """Return the JSON members of a part. Raises ``InvalidAccessTokenError``."""
    try:
        content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise InvalidAccessTokenError from error
    return json_object(content)


def json_object(content: bytes) -> dict[str, Any]:
    """Return the members of a JSON object in UTF-8. No name may occur twice (RFC 7515 section 4, RFC 7519 section 4).

    Raises ``InvalidAccessTokenError``, also for JSON that is nested too deeply and for numbers that are too long.
    """
    try:
        members = json.loads(content.decode(), object_pairs_hook=_unique_members)
    except (ValueError, RecursionError) as error:
        raise InvalidAccessTokenError from error
    if not isinstance(members, dict):
        raise InvalidAccessTokenError
    return members


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is there twice")
    return members


def check_header(header: dict[str, Any]) -> None:
    """Check the type (RFC 9068 section 4), and refuse critical header parameters, none of which is supported.

    Raises ``InvalidAccessTokenError``.
    """
    token_type = header.get("typ")
    if not isinstance(token_type, str) or token_type.lower() != TOKEN_TYPE or "crit" in header:
        raise InvalidAccessTokenError


def signed_payload(token: str, keys: Sequence[Any], algorithms: Sequence[str]) -> bytes:
    """Return the payload of a token that one of the keys signed. Raises ``InvalidAccessTokenError``."""
    for key in keys:
        try:
            return cast("bytes", _JWS.decode_complete(token, key, algorithms=algorithms)["payload"])
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise InvalidAccessTokenError from error
    raise InvalidAccessTokenError


def verified_token(
    claims: dict[str, Any], principal: Principal | ClientPrincipal, *, own_audience: str
) -> VerifiedToken:
    """Return the content of a token with a valid signature. Its times are not checked here.

    Raises ``InvalidAccessTokenError``.
    """
    expires_at, issued_at, not_before = claims.get("exp"), claims.get("iat"), claims.get("nbf", claims.get("iat"))
    if type(expires_at) is not int or type(issued_at) is not int or type(not_before) is not int:
        raise InvalidAccessTokenError
    audience = _text(claims, "aud")
    return VerifiedToken(
        principal,
        issuer=claims["iss"],
        audience=audience,
        token_id=_text(claims, "jti"),
        issued_at=issued_at,
        valid_from=max(issued_at, not_before),
        expires_at=expires_at,
        is_for_this_service=audience == own_audience,
    )


def user_principal(claims: dict[str, Any]) -> Principal:
    """Return the user and the session in the claims. Raises ``InvalidAccessTokenError``."""
    try:
        return Principal(
            user_id=UUID(_text(claims, "sub")),
            session_id=UUID(_text(claims, "sid")),
            client_id=_text(claims, "client_id"),
            scopes=frozenset(_text(claims, "scope").split()),
            roles=_roles(claims.get("roles", [])),
            thumbprint=_thumbprint(claims),
        )
    except ValueError as error:
        raise InvalidAccessTokenError from error


def client_principal(claims: dict[str, Any]) -> ClientPrincipal:
    """Return the client that is the subject of the claims. Raises ``InvalidAccessTokenError``."""
    client_id = _text(claims, "client_id")
    if claims.get("sub") != client_id or type(claims.get("iat")) is not int:
        raise InvalidAccessTokenError
    try:
        issued_at = datetime.fromtimestamp(claims["iat"], UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidAccessTokenError from error
    return ClientPrincipal(
        client_id=client_id,
        scopes=frozenset(_text(claims, "scope").split()),
        audience=_text(claims, "aud"),
        issued_at=issued_at,
        token_id=_text(claims, "jti"),
        thumbprint=_thumbprint(claims),
    )


def confirmation(thumbprint: str | None) -> dict[str, Any]:
    """Return the claim of a token that is bound to a key (RFC 9449 section 6.1)."""
    return {} if thumbprint is None else {"cnf": {"jkt": thumbprint}}


def _thumbprint(claims: dict[str, Any]) -> str | None:
    """Return the thumbprint of the key to which the token is bound. An unknown kind of binding is refused."""
    if "cnf" not in claims:
        return None
    bound_to = claims["cnf"]
    if not isinstance(bound_to, dict) or bound_to.keys() != {"jkt"}:
        raise InvalidAccessTokenError
    return _text(bound_to, "jkt")


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise InvalidAccessTokenError
    return value


def _roles(claim: object) -> frozenset[str]:
    """Return the roles of a token, a list of strings, as ``sign`` writes them."""
    if not isinstance(claim, list) or not all(isinstance(name, str) for name in claim):
        raise InvalidAccessTokenError
    return frozenset(claim) if claim else NO_ROLES
