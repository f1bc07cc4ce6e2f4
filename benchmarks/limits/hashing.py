"""L3: bcrypt on all cores, and nothing else."""

import time
from concurrent.futures import ThreadPoolExecutor

import bcrypt

from doorward.infrastructure.passwords import available_cores


def hashes_per_second(rounds: int, count: int) -> float:
    """Return how many checks of a password end in a second, of ``count`` that are made by one thread a core."""
    stored = bcrypt.hashpw(b"password", bcrypt.gensalt(rounds))
    cores = available_cores()
    with ThreadPoolExecutor(cores) as threads:
        # As many for each, so that none is alone at the end.
        count -= count % cores
        started = time.perf_counter()
        list(threads.map(lambda _: bcrypt.checkpw(b"password", stored), range(count)))
        return count / (time.perf_counter() - started)
