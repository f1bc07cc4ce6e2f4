"""Extra hashes after a failed password check, so that every refusal costs the same work."""

import time
from collections.abc import Callable, Mapping
from typing import Final

BCRYPT_MINIMUM_COST: Final = 4
NO_HASH: Final = 0
"""Used instead of a cost if nothing was computed: there is no stored hash, or none that can be verified."""

PARTS_LOG2: Final = 6
"""A check without bcrypt is padded with parts of one 64th of a hash at the current cost."""


def pad_duration(
    began: float, rounds: int, compute: Callable[[int], object], now: Callable[[], float] = time.perf_counter
) -> None:
    """Compute cheap hashes until the time since ``began`` is that of one hash at the current cost.

    ``began`` is a reading of the clock ``now``, in seconds. The duration of a hash is estimated from the cheap ones, on
    this thread and at this moment: a busy or slow machine makes both longer. At least one is computed; the last may end
    up to one part too late.
    """
    cost = max(BCRYPT_MINIMUM_COST, rounds - PARTS_LOG2)
    parts = 2 ** (rounds - cost)
    padding_began, number = now(), 0
    while True:
        compute(cost)
        number += 1
        present = now()
        if present - began >= parts * (present - padding_began) / number:
            return


def padding_costs(rounds: int) -> Mapping[int, tuple[int, ...]]:
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
    padding = {cost: _hashes(number - 1, iterations - 2**cost) for cost in costs}
    return {NO_HASH: _hashes(number, iterations), **padding}


def _hashes(number: int, iterations: int) -> tuple[int, ...]:
    """Return the costs of ``number`` hashes with ``iterations`` in all: the binary digits, the largest ones halved."""
    costs = [cost for cost in range(iterations.bit_length()) if iterations >> cost & 1]
    while len(costs) < number:
        half = costs.pop() - 1
        costs = sorted([*costs, half, half])
    return tuple(costs)
