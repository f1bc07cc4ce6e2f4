"""The hashes that a failed check of a password still owes, so that every refusal costs the same work."""

from collections.abc import Mapping
from typing import Final

BCRYPT_MINIMUM_COST: Final = 4
NO_HASH: Final = 0
"""In the place of a cost: nothing was computed, since there is no stored hash or none that can be verified."""


def owed_costs(rounds: int) -> Mapping[int, tuple[int, ...]]:
    """Return, for each cost of a stored hash and for ``NO_HASH``, the costs of the hashes to compute after it.

    bcrypt of cost c takes 2**c iterations and a setup. So every row, together with the stored hash, has the same number
    of hashes, ``rounds - 3``, and the same number of iterations, ``2**rounds + (rounds - 4) * 2**4``: those of one hash
    at the current cost, and of the cheapest one for each lower cost. For 12 these are 9 hashes and 4,224 iterations:

        none:  7, 9, 9, 9, 9, 9, 9, 9, 9        8:  7, 8, 9, 9, 9, 9, 9, 10
        4:  4, 5, 6, 9, 9, 10, 10, 10           9:  7, 9, 9, 9, 9, 9, 9, 9
        5:  5, 6, 9, 9, 9, 9, 10, 10            10:  7, 8, 8, 9, 9, 9, 9, 9
        6:  6, 9, 9, 9, 9, 9, 9, 10             11:  7, 8, 8, 8, 8, 8, 8, 9
        7:  9, 9, 9, 9, 9, 9, 9, 9              12:  4, 4, 4, 4, 4, 4, 4, 4
    """
    costs = range(BCRYPT_MINIMUM_COST, rounds + 1)
    number = len(costs)
    iterations = 2**rounds + (number - 1) * 2**BCRYPT_MINIMUM_COST
    owed = {cost: _hashes(number - 1, iterations - 2**cost) for cost in costs}
    return {NO_HASH: _hashes(number, iterations), **owed}


def _hashes(number: int, iterations: int) -> tuple[int, ...]:
    """Return the costs of so many hashes with so many iterations in all: the binary digits, the largest ones halved."""
    costs = [cost for cost in range(iterations.bit_length()) if iterations >> cost & 1]
    while len(costs) < number:
        half = costs.pop() - 1
        costs = sorted([*costs, half, half])
    return tuple(costs)
