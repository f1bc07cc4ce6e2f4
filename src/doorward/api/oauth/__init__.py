"""The endpoints of OAuth 2.0, one module each: what standard clients and other services call."""

from collections.abc import Sequence

from doorward.api.oauth import device_authorization, introspect, jwks, metadata, par, register, revoke, token, userinfo
from doorward.api.routing import Call
from doorward.api.services import Services


def calls(services: Services, prefix: str = "") -> Sequence[Call]:
    """Return all calls, which clients reach below the prefix.

    None where the provider is off, so that the addresses are 404, as any that are not there.
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
