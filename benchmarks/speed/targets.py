"""The targets of the service, each a ratio of two series or a figure of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.samples import Series
from benchmarks.speed.growth import SIZES


@dataclass(frozen=True)
class Target:
    """``needs`` are the series of ``figure``; ``is_ratio`` marks targets that hold on other machines."""

    name: str
    bound: float
    needs: tuple[str, ...]
    figure: Callable[[Series], float]
    at_most: bool = False
    is_ratio: bool = True

    def is_reached(self, figure: float) -> bool:
        """Return whether the figure reaches the bound."""
        return figure <= self.bound if self.at_most else figure >= self.bound


def ratio_target(name: str, upper: str, lower: str, bound: float, *, at_most: bool = False) -> Target:
    """Return the target of the ratio of two series, compared round by round."""
    return Target(name, bound, (upper, lower), lambda series: series.ratio(upper, lower), at_most)


def _p99(name: str, upper: str, lower: str, bound: float) -> Target:
    return Target(name, bound, (upper, lower), lambda series: series.ratio_of_p99(upper, lower), at_most=True)


def own_target(name: str, of: str, bound: float, *, at_most: bool) -> Target:
    """Return the target of one series, which holds on this machine only."""
    return Target(name, bound, (of,), lambda series: series.median(of), at_most, is_ratio=False)


def _flat(call: str) -> Target:
    least, *larger = (f"{call} at {size:,} users" for size in SIZES)
    return Target(
        f"{call} at {' and '.join(f'{size:,}' for size in SIZES[1:])} users by {SIZES[0]:,}: the lesser",
        0.85,
        (least, *larger),
        lambda series: min(series.ratio(name, least) for name in larger),
    )


TARGETS: Final[Sequence[Target]] = (
    ratio_target("/me by L1, bare ASGI with the same query", "/me: doorward", "/me: L1 bare ASGI", 1.05),
    ratio_target("/me by L4, bare Starlette without a query", "/me: doorward", "/me: L4 bare Starlette", 0.33),
    ratio_target("/me by fastapi-users, JWT", "/me: doorward", "/me: fastapi-users, JWT", 5),
    ratio_target("/me by fastapi-users, database", "/me: doorward", "/me: fastapi-users, database", 5),
    ratio_target("/me by better-auth, one process each", "/me: doorward", "/me: better-auth", 5),
    ratio_target(
        "/refresh by L1, bare ASGI with the same rotation", "/refresh: doorward", "/refresh: L1 bare ASGI", 0.65
    ),
    ratio_target(
        "/refresh by simplejwt, 2 workers each", "/refresh: doorward, 2 workers", "/refresh: simplejwt, 2 workers", 5
    ),
    ratio_target("/token at cost 12 by L3, bcrypt alone", "/token: doorward", "/token: L3 bcrypt", 0.93),
    _p99("50 logins in flight: p99 of /me by quiet", "storm: /me", "quiet: /me", 1.5),
    ratio_target("50 logins in flight: /me by quiet", "storm: /me", "quiet: /me", 0.85),
    _p99("50 logins in flight: p99 of /refresh by quiet", "storm: /refresh", "quiet: /refresh", 1.5),
    ratio_target("50 logins in flight: /refresh by quiet", "storm: /refresh", "quiet: /refresh", 0.75),
    ratio_target("50 logins in flight: logins by L3", "storm: logins", "/token: L3 bcrypt", 0.5),
    _flat("/me"),
    _flat("/refresh"),
    _flat("/token"),
    ratio_target("/me with 2 workers by 1", "/me: doorward, 2 workers", "/me: doorward", 1.7),
    own_target("Resident memory of a worker after the run, MB", "memory: after the run", 80, at_most=True),
    own_target("Growth of a worker under load, MB in 10 minutes", "memory: growth in 10 minutes", 1, at_most=True),
    ratio_target(
        "Start to first /health/liveness by importing FastAPI, uvicorn, psycopg",
        "start: doorward",
        "start: imports alone",
        1.25,
        at_most=True,
    ),
    own_target("Rows of a login after 1,000 refreshes", "storage: rows of a login", 1, at_most=True),
    own_target("HOT updates among 1,000 refreshes", "storage: HOT share of updates", 0.95, at_most=False),
)
