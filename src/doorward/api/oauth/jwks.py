"""GET /oauth/jwks: the public keys with which other services verify tokens (RFC 7517)."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from doorward.api.administration_services import KeyServices
from doorward.api.conditional import if_none_match_contains
from doorward.api.policy import PUBLIC, Cache, Origins, RoutePolicy
from doorward.api.routing import Call

PATH: Final = "/oauth/jwks"
POLICY: Final = RoutePolicy(PUBLIC, cache=Cache.PUBLIC_FIVE_MINUTES, origins=Origins.ALL)
MEDIA_TYPE: Final = "application/jwk-set+json"


def calls(keys: KeyServices | None) -> Sequence[Call]:
    """Return the route; none if the provider is off, so that the address answers 404, as unknown addresses do.

    An empty key set would stay in clients' caches, and they would refuse tokens after the provider is turned on.
    """
    if keys is None:
        return []
    key_set = keys.key_set

    async def list_signing_keys(request: Request) -> Response:
        """List the public keys; 304 if If-None-Match contains the current entity tag."""
        ring = key_set()
        headers = {"ETag": ring.etag}
        if if_none_match_contains(request, ring.etag):
            return Response(status_code=304, headers=headers)
        return Response(ring.jwks(), media_type=MEDIA_TYPE, headers=headers)

    return [Call("GET", PATH, list_signing_keys, POLICY)]
