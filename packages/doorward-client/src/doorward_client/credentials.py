"""The access token of a call, and its proof of possession (RFC 6750 section 2.1, RFC 9449 section 7.1)."""

from collections.abc import Hashable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from doorward_client.current_user import CurrentUser
from doorward_client.exceptions import InvalidProofError, InvalidTokenError
from doorward_client.proofs import PresentedProof

_AUTHORIZATION: Final = b"authorization"
_PROOF: Final = b"dpop"
_ACCEPTED: Final = "doorward_client.accepted"
_UNENCODED: Final = "/:@!$&'()*+,;="
"""Characters that a path has unencoded besides the unreserved ones (RFC 3986 section 3.3)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a call. ``proof`` is None if the token was sent with the scheme Bearer.

    ``accepted`` caches verified users for one request: a proof works once, and several dependencies of a route may
    verify the same call.
    """

    token: str = field(repr=False)
    proof: PresentedProof | None = None
    accepted: MutableMapping[Hashable, CurrentUser] = field(default_factory=dict, repr=False, compare=False)


def read_credentials(scope: MutableMapping[str, Any], public_url: str | None) -> Credentials | None:
    """Read the credentials from the headers of an ASGI request; return None without a token.

    A proof must be for ``public_url`` and the path of the request; the header ``Host`` is ignored. Raises
    ``InvalidTokenError`` for several headers ``Authorization``, and ``InvalidProofError`` for a call with the scheme
    DPoP without exactly one header ``DPoP``, or if the service has no ``public_url``.
    """
    presented = _values(scope["headers"], _AUTHORIZATION)
    if len(presented) > 1:
        raise InvalidTokenError("There are several Authorization headers.")
    scheme, _, token = (presented[0] if presented else b"").decode("latin-1").partition(" ")
    scheme, token = scheme.lower(), token.strip(" ")
    if not token or scheme not in {"bearer", "dpop"}:
        return None
    if scheme == "bearer":
        return Credentials(token, accepted=scope.setdefault(_ACCEPTED, {}))
    proofs = _values(scope["headers"], _PROOF)
    if len(proofs) != 1:
        raise InvalidProofError("A call by the scheme DPoP has one header DPoP.")
    if public_url is None:
        raise InvalidProofError("The service does not know its public_url, so no DPoP proof can be for it.")
    url = f"{public_url.rstrip('/')}{_path_of(scope)}"
    proof = PresentedProof(proofs[0].decode("latin-1"), scope["method"], url)
    return Credentials(token, proof, scope.setdefault(_ACCEPTED, {}))


def _values(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name.lower() == wanted]


def _path_of(scope: Mapping[str, Any]) -> str:
    """Return the path as it was sent. ASGI servers may omit ``raw_path``; the decoded path is then encoded again."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"], safe=_UNENCODED) if raw is None else raw.partition(b"?")[0].decode("latin-1")
