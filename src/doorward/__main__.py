"""``python -m doorward`` is the ``doorward`` command."""

import sys

from doorward.cli import main

if __name__ == "__main__":
    sys.exit(main())
