"""Faster imports, for the start of commands."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Keep the garbage collector off while modules are imported within the block.

    It would find nothing, and walk through all that was imported before many times.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
