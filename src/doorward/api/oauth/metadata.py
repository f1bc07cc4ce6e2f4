"""GET /.well-known/oauth-authorization-server (RFC 8414): where clients find what the service does for them."""

import json
from collections.abc import Sequence
from typing import Any, Final

from fastapi import Request, Response

from doorward.api.bodies import JSON
from doorward.api.oauth import introspect, jwks, revoke, token
from doorward.api.policy import PUBLIC, Cache, Origins, RoutePolicy
from doorward.api.routing import Call
from doorward.domain.auth.scopes import RESOURCE_SCOPES
from doorward.domain.oauth.policy import CLIENT_CREDENTIALS, REFRESH_TOKEN

PATH: Final = "/.well-known/oauth-authorization-server"
POLICY: Final = RoutePolicy(PUBLIC, cache=Cache.PUBLIC_FIVE_MINUTES, origins=Origins.ALL)
_WITH_SECRET: Final = ("client_secret_basic", "client_secret_post")


def calls(issuer: str, prefix: str = "") -> Sequence[Call]:
    """Return the call. An issuer with a path is described where RFC 8414 section 3.1 has it, too: before the path."""
    body = json.dumps(metadata(issuer), separators=(",", ":")).encode()

    async def describe_provider(request: Request) -> Response:  # noqa: ARG001 - what a direct call takes
        """Describe the endpoints for OAuth clients."""
        return Response(body, media_type=JSON)

    paths = dict.fromkeys([PATH, f"{PATH}{prefix}"])
    return [Call("GET", path, describe_provider, POLICY, is_direct=True) for path in paths]


def metadata(issuer: str) -> dict[str, Any]:
    """Return the document. It names what there is, and nothing that is planned."""
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}{token.PATH}",
        "token_endpoint_auth_methods_supported": [*_WITH_SECRET, "none"],
        "jwks_uri": f"{issuer}{jwks.PATH}",
        "introspection_endpoint": f"{issuer}{introspect.PATH}",
        "introspection_endpoint_auth_methods_supported": list(_WITH_SECRET),
        "revocation_endpoint": f"{issuer}{revoke.PATH}",
        "revocation_endpoint_auth_methods_supported": [*_WITH_SECRET, "none"],
        "grant_types_supported": [CLIENT_CREDENTIALS, REFRESH_TOKEN],
        "response_types_supported": [],
        "scopes_supported": sorted(RESOURCE_SCOPES),
    }
