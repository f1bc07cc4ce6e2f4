"""Import modules faster, for the start of commands."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def garbage_collector_disabled() -> Iterator[None]:
    """Disable the garbage collector within the block, which imports modules.

    It would find nothing, and traverse all modules that were imported before many times.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
