"""The OAuth 2.0 endpoints for standard clients and other services, one module each."""

from collections.abc import Sequence

from doorward.api.oauth import device_authorization, introspect, jwks, metadata, par, register, revoke, token, userinfo
from doorward.api.routing import Call
from doorward.api.services import Services


def calls(services: Services, prefix: str = "") -> Sequence[Call]:
    """Return all routes. Clients reach them below the prefix.

    There are none if the provider is off: the addresses then answer 404, as unknown addresses do.
    """
    if services.provider is None:
        return []
    provider = services.provider
    registration = provider.registration
    return [
        *jwks.calls(services.keys),
        *metadata.calls(provider, prefix),
        *token.calls(provider),
        *introspect.calls(provider),
        *revoke.calls(provider),
        *userinfo.calls(),
        *par.calls(provider),
        *device_authorization.calls(provider),
        *([] if registration is None else register.calls(registration, provider.issuer)),
    ]
