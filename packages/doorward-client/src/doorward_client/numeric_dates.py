"""Times as JWTs have them (RFC 7519 section 2): seconds since 1970, whole or not."""

import math
from typing import Final, TypeGuard

GREATEST_TIME: Final = 2**53
"""Up to here a float holds every whole number."""


def is_numeric_date(claim: object) -> TypeGuard[int | float]:
    """Tell whether a claim is a time: a finite number, and not a truth value."""
    if type(claim) is int:
        return abs(claim) < GREATEST_TIME
    return type(claim) is float and math.isfinite(claim)
