"""NumericDate values of JWTs (RFC 7519 section 2): seconds since 1970, possibly with fractions."""

import math
from typing import Final, TypeGuard

GREATEST_TIME: Final = 2**53
"""A float can represent all integers up to here."""


def is_numeric_date(claim: object) -> TypeGuard[int | float]:
    """Return whether a claim is a NumericDate: a finite number, and no boolean."""
    if type(claim) is int:
        return abs(claim) < GREATEST_TIME
    return type(claim) is float and math.isfinite(claim)
