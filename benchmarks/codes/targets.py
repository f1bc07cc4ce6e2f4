"""The figures that the OpenID provider is to reach, as ratios of series of one run."""

from collections.abc import Sequence
from typing import Final

from benchmarks.speed.targets import Target, ratio_target

EXCHANGE: Final = "code exchange"
EXCHANGE_BARE: Final = "code exchange: L1 bare ASGI"
AUTHORIZE: Final = "authorize, signed in"
ME: Final = "/me"

TARGETS: Final[Sequence[Target]] = (
    ratio_target(
        "code exchange by L1, bare ASGI with its statements and signatures, 1 worker", EXCHANGE, EXCHANGE_BARE, 0.5
    ),
    ratio_target("authorize of who is signed in, by /me, 1 worker", AUTHORIZE, ME, 0.4),
)
