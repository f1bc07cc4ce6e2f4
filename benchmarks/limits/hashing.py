"""L3: bcrypt alone, on all cores."""

import time
from concurrent.futures import ThreadPoolExecutor

import bcrypt

from doorward.infrastructure.passwords import available_cores


def hashes_per_second(rounds: int, count: int) -> float:
    """Return the password checks per second, for ``count`` checks with one thread per core."""
    stored = bcrypt.hashpw(b"password", bcrypt.gensalt(rounds))
    cores = available_cores()
    with ThreadPoolExecutor(cores) as threads:
        # The same number for each core, so that all end together.
        count -= count % cores
        started = time.perf_counter()
        list(threads.map(lambda _: bcrypt.checkpw(b"password", stored), range(count)))
        return count / (time.perf_counter() - started)
