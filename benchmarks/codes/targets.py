"""The figures that the OpenID provider is to reach, most of them as ratios of series of one run."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from benchmarks.samples import Series
from benchmarks.speed.targets import Target, own_target, ratio_target

EXCHANGE: Final = "code exchange: doorward"
EXCHANGE_BARE: Final = "code exchange: L1 bare ASGI"
REFRESH: Final = "refresh: doorward"
AUTHORIZE: Final = "authorize, signed in"
ME: Final = "/me"
MEMORY: Final = "memory after the run, MB: doorward"
MEMORY_OF_KEYCLOAK: Final = "memory after the run, MB: Keycloak"
WORKER_ON: Final = "memory of a worker, MB: everything on"
WORKER_OFF: Final = "memory of a worker, MB: no provider"
PAINT: Final = "sign-in page: first paint, ms"
SIZE: Final = "sign-in page: HTML and CSS, kB"
OTHER_HOSTS: Final = "sign-in page: requests to other hosts"
THIS: Final = "this version"
BEFORE: Final = "the version before"

OIDC_PROVIDER: Final = "oidc-provider"
GLEWLWYD: Final = "glewlwyd"
KEYCLOAK: Final = "Keycloak"
HYDRA: Final = "Ory Hydra"
BOUNDS: Final = {OIDC_PROVIDER: 1.5, GLEWLWYD: 3.0, KEYCLOAK: 1.5, HYDRA: 1.0}
"""Minimum ratio of the service to each peer."""


def exchange_of(peer: str) -> str:
    """Return the name of the series of code exchanges."""
    return f"code exchange: {peer}"


def refresh_of(peer: str) -> str:
    """Return the name of the series of refreshes."""
    return f"refresh: {peer}"


def call_of(call: str, version: str) -> str:
    """Return the name of the series of a call in a version."""
    return f"{call}: {version}"


def worker_of(version: str) -> str:
    """Return the name of the series of a worker's memory in a version."""
    return f"memory of a worker, MB: {version}, with PUBLIC_URL"


def _growth(name: str, more: str, less: str, bound: float) -> Target:
    def difference(series: Series) -> float:
        pairs = zip(series.samples[more], series.samples[less], strict=True)
        return median(above.value - below.value for above, below in pairs)

    return Target(name, bound, (more, less), difference, at_most=True, is_ratio=False)


def _by_peers() -> Sequence[Target]:
    exchanges = [
        ratio_target(f"code exchange by {peer}, one worker or processor each", EXCHANGE, exchange_of(peer), bound)
        for peer, bound in BOUNDS.items()
    ]
    refreshes = [
        ratio_target(f"refresh by {peer}, one worker or processor each", REFRESH, refresh_of(peer), bound)
        for peer, bound in BOUNDS.items()
    ]
    return [*exchanges, *refreshes]


TARGETS: Final[Sequence[Target]] = (
    ratio_target(
        "code exchange by L1, bare ASGI with its statements and signatures, 1 worker", EXCHANGE, EXCHANGE_BARE, 0.5
    ),
    ratio_target("authorize of who is signed in, by /me, 1 worker", AUTHORIZE, ME, 0.4),
    *_by_peers(),
    ratio_target("resident memory after the run by Keycloak", MEMORY, MEMORY_OF_KEYCLOAK, 0.2, at_most=True),
    _growth("a worker with everything on, and without PUBLIC_URL: MB more", WORKER_ON, WORKER_OFF, 10),
    _growth(
        "a worker with everything on, and of the version before with PUBLIC_URL: MB more",
        worker_of(THIS),
        worker_of(BEFORE),
        10,
    ),
    own_target("first paint of the sign-in page in Chromium, on loopback, ms", PAINT, 100, at_most=True),
    own_target("HTML and CSS of the sign-in page, kB", SIZE, 30, at_most=True),
    own_target("requests of the sign-in page to other hosts", OTHER_HOSTS, 0, at_most=True),
    *(
        ratio_target(f"{call} by the version before the provider", call_of(call, THIS), call_of(call, BEFORE), 0.97)
        for call in ("/me", "/refresh")
    ),
)
