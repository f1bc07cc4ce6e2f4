"""The ``doorward`` command, also as ``python -m doorward``."""

import sys

from doorward.commands.importing import garbage_collector_disabled


def main() -> int:
    """Run one command; return the exit status."""
    try:
        with garbage_collector_disabled():
            from doorward.commands.main import main as run  # noqa: PLC0415 - after the garbage collector was disabled
        return run()
    except KeyboardInterrupt:
        # The interrupt came before the command could handle it, or while it did.
        print("doorward: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
