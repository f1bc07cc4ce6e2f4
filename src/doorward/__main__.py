"""The ``doorward`` command, also as ``python -m doorward``.

While modules are imported the garbage collector finds nothing, and would walk through all of them again and again.
"""

import gc
import sys

gc.disable()

from doorward import cli  # noqa: E402 - the collector is off before everything is imported


def main() -> int:
    """Run one command, with the garbage collector on for what is made from here on; return the exit status."""
    gc.freeze()
    gc.enable()
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
