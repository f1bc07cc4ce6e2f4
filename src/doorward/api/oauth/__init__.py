"""The endpoints of OAuth 2.0, one module each: what standard clients and other services call."""

from collections.abc import Sequence

from doorward.api.oauth import device_authorization, introspect, jwks, metadata, par, revoke, token, userinfo
from doorward.api.routing import Call
from doorward.api.services import Services


def calls(services: Services, prefix: str = "") -> Sequence[Call]:
    """Return all calls, which clients reach below the prefix.

    None where the provider is off, so that the addresses are 404, as any that are not there.
    """
    if services.provider is None:
        return []
    return [
        *jwks.calls(services.keys),
        *metadata.calls(services.provider, prefix),
        *token.calls(services.provider),
        *introspect.calls(services.provider),
        *revoke.calls(services.provider),
        *userinfo.calls(),
        *par.calls(services.provider),
        *device_authorization.calls(services.provider),
    ]
