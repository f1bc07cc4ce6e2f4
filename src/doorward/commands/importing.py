"""Import modules faster, for the start of commands."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def garbage_collector_disabled() -> Iterator[None]:
    """Disable the garbage collector within the block, which imports modules.

    It would find nothing, and traverse all modules that were imported before many times. At the end of the block it is
    enabled, and all objects that exist then are frozen: they are never collected.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
