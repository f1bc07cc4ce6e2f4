"""Metadata of the provider for clients: RFC 8414 and OpenID Connect Discovery."""

import json
from collections.abc import Sequence
from typing import Any, Final

from fastapi import Response

from doorward.api.bodies import JSON
from doorward.api.key_proofs import ALGORITHMS as DPOP_ALGORITHMS
from doorward.api.oauth import device_authorization, introspect, jwks, par, register, revoke, token, userinfo
from doorward.api.oauth_services import ProviderServices
from doorward.api.policy import PUBLIC, Cache, Origins, RoutePolicy
from doorward.api.routing import Call
from doorward.domain.auth.scopes import RESOURCE_SCOPES
from doorward.domain.oauth.authorization_request import ACR_LEVELS, Prompt
from doorward.domain.oauth.policy import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, DEVICE_CODE, REFRESH_TOKEN, USER_SCOPES

PATH: Final = "/.well-known/oauth-authorization-server"
OPENID_PATH: Final = "/.well-known/openid-configuration"
AUTHORIZE_PATH: Final = "/oauth/authorize"
LOGOUT_PATH: Final = "/oauth/logout"
POLICY: Final = RoutePolicy(PUBLIC, cache=Cache.PUBLIC_FIVE_MINUTES, origins=Origins.ALL)
_CONFIDENTIAL: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt")
_ALGORITHMS: Final = ("ES256", "RS256")
"""Signature algorithms of the assertions with which clients authenticate."""


def calls(provider: ProviderServices, prefix: str = "") -> Sequence[Call]:
    """Return the routes. For an issuer with a path, RFC 8414 section 3.1 puts ``/.well-known/`` before the path.

    OpenID Connect Discovery puts it after the path. That document exists only if the service has pages.
    """
    content = metadata(provider.issuer, has_pages=provider.has_pages)
    if provider.reads_client_documents and provider.has_pages:
        content["client_id_metadata_document_supported"] = True
    if provider.registration is not None:
        content["registration_endpoint"] = f"{provider.issuer}{register.PATH}"
    body = json.dumps(content, separators=(",", ":")).encode()

    async def describe_provider() -> Response:
        """Return the provider metadata for OAuth clients."""
        return Response(body, media_type=JSON)

    paths = dict.fromkeys([PATH, f"{PATH}{prefix}", *([OPENID_PATH] if provider.has_pages else [])])
    return [Call("GET", path, describe_provider, POLICY) for path in paths]


def metadata(issuer: str, *, has_pages: bool) -> dict[str, Any]:
    """Return the metadata document. It lists only what is implemented."""
    page_grants = [AUTHORIZATION_CODE, DEVICE_CODE] if has_pages else []
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}{token.PATH}",
        "token_endpoint_auth_methods_supported": [*_CONFIDENTIAL, "none"],
        "token_endpoint_auth_signing_alg_values_supported": list(_ALGORITHMS),
        "jwks_uri": f"{issuer}{jwks.PATH}",
        "introspection_endpoint": f"{issuer}{introspect.PATH}",
        "introspection_endpoint_auth_methods_supported": list(_CONFIDENTIAL),
        "introspection_endpoint_auth_signing_alg_values_supported": list(_ALGORITHMS),
        "revocation_endpoint": f"{issuer}{revoke.PATH}",
        "revocation_endpoint_auth_methods_supported": [*_CONFIDENTIAL, "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": list(_ALGORITHMS),
        "grant_types_supported": [*page_grants, CLIENT_CREDENTIALS, REFRESH_TOKEN],
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "response_types_supported": ["code"] if has_pages else [],
        "scopes_supported": sorted([*RESOURCE_SCOPES, *(USER_SCOPES if has_pages else ())]),
        **(_of_openid(issuer) if has_pages else {}),
    }


def _of_openid(issuer: str) -> dict[str, Any]:
    """Return the metadata for signing users in (OpenID Connect Discovery section 3, RFC 9207)."""
    return {
        "authorization_endpoint": f"{issuer}{AUTHORIZE_PATH}",
        "pushed_authorization_request_endpoint": f"{issuer}{par.PATH}",
        "device_authorization_endpoint": f"{issuer}{device_authorization.PATH}",
        "userinfo_endpoint": f"{issuer}{userinfo.PATH}",
        "end_session_endpoint": f"{issuer}{LOGOUT_PATH}",
        "response_modes_supported": ["query", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": list(ACR_LEVELS),
        "prompt_values_supported": list(Prompt),
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"),
            *("preferred_username", "email", "email_verified"),
        ],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
