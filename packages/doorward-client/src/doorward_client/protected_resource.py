"""The metadata of a service as a protected resource (RFC 9728), in which clients find its authorization server."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from doorward_client.addresses import check_address
from doorward_client.proofs import PROOF_ALGORITHMS

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True, slots=True)
class ProtectedResource:
    """The metadata of a service. ``identifier`` is its address, and the audience of its tokens.

    ``bound_tokens_only``: tokens that are not bound to a key (DPoP, RFC 9449) are refused.
    """

    identifier: str
    issuer: str
    scopes: Sequence[str] = ()
    name: str | None = None
    documentation: str | None = None
    bound_tokens_only: bool = False

    def __post_init__(self) -> None:
        """Raise ``ValueError`` if the identifier is no valid address, or has a query."""
        check_address(self.identifier)
        if urlsplit(self.identifier).query:
            raise ValueError("The address must have no query.")

    @property
    def path(self) -> str:
        """The path of the metadata, from the root of the host (section 3.1)."""
        return f"{WELL_KNOWN}{urlsplit(self.identifier).path.rstrip('/')}"

    @property
    def address(self) -> str:
        """The URL of the metadata."""
        parts = urlsplit(self.identifier)
        return f"{parts.scheme}://{parts.netloc}{self.path}"

    def document(self) -> dict[str, object]:
        """Return the metadata document (section 2)."""
        members: dict[str, object] = {
            "resource": self.identifier,
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        }
        if self.bound_tokens_only:
            members["dpop_bound_access_tokens_required"] = True
        if self.scopes:
            members["scopes_supported"] = list(self.scopes)
        if self.name is not None:
            members["resource_name"] = self.name
        if self.documentation is not None:
            members["resource_documentation"] = self.documentation
        return members
