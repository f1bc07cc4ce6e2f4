"""The ``doorward`` command, also as ``python -m doorward``."""

import gc
import sys


def main() -> int:
    """Run one command; return the exit status.

    While modules are imported the garbage collector finds nothing, and would walk through all of them again and again.
    """
    gc.disable()
    try:
        from doorward.commands.main import main as run  # noqa: PLC0415 - the collector is off before everything is imported
    finally:
        gc.freeze()
        gc.enable()
    return run()


if __name__ == "__main__":
    sys.exit(main())
