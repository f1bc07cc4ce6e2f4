"""The targets of the service, as ratios of series of one run."""

from collections.abc import Sequence
from typing import Final

from benchmarks.speed.targets import Target, ratio_target

DOORWARD: Final = "tokens: doorward"
DOORWARD_2: Final = "tokens: doorward, 2 workers"
BARE: Final = "tokens: L1 bare ASGI"
GLEWLWYD: Final = "tokens: glewlwyd"
OIDC_PROVIDER: Final = "tokens: oidc-provider"
KEYCLOAK: Final = "tokens: Keycloak"
HYDRA: Final = "tokens: Ory Hydra"
INTROSPECTION: Final = "introspection"
INTROSPECTION_OF_LOGINS: Final = "introspection of logins"
ME: Final = "/me, HS256"
ME_ES256: Final = "/me, ES256"
REFRESH: Final = "/refresh, HS256"
REFRESH_ES256: Final = "/refresh, ES256"

TARGETS: Final[Sequence[Target]] = (
    ratio_target("client_credentials by L1, bare ASGI with the same statement and signature", DOORWARD, BARE, 0.5),
    ratio_target("client_credentials by glewlwyd, one process each", DOORWARD, GLEWLWYD, 3),
    ratio_target("client_credentials by oidc-provider, one process each", DOORWARD, OIDC_PROVIDER, 1),
    ratio_target("client_credentials, 1 worker, by Keycloak on all cores", DOORWARD, KEYCLOAK, 1.5),
    ratio_target("client_credentials, 1 worker, by Ory Hydra on all cores", DOORWARD, HYDRA, 1),
    ratio_target("/oauth/introspect by /me, 1 worker: a client's own token", INTROSPECTION, ME, 0.8),
    ratio_target("/oauth/introspect by /me, 1 worker: a person's token", INTROSPECTION_OF_LOGINS, ME, 0.8),
    ratio_target("/me with ALGORITHM=ES256 by HS256", ME_ES256, ME, 0.97),
    ratio_target("/refresh with ALGORITHM=ES256 by HS256", REFRESH_ES256, REFRESH, 0.85),
)
"""Keycloak and Hydra use threads on all cores. One worker is compared, although one per core would be equal."""
