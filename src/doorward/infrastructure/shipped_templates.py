"""The compiled form of the templates that are part of this package. Needs the package ``jinja2``."""

import contextlib
import marshal
import sys
from pathlib import Path
from typing import Final
from uuid import uuid4

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket, bc_magic

COMPILED: Final = "__pycache__"


class ShippedTemplates(BytecodeCache):
    """Keeps compiled templates in a folder beside them, as Python keeps its modules, and under the same conditions.

    A service that may not write there compiles them at each start. What belongs to another text, or to another version
    of Python or Jinja, is compiled again.
    """

    def __init__(self, folder: Path) -> None:
        """Take the folder of the templates."""
        self._compiled = folder / COMPILED

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read a template, if it is there, whole, and of this text."""
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
            start, stored = _start(bucket), self._file(bucket).read_bytes()
            if stored.startswith(start):
                bucket.code = marshal.loads(stored[len(start) :])  # noqa: S302 - as safe as the modules beside it

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store a template, whole or not at all."""
        if sys.dont_write_bytecode:
            return
        file = self._file(bucket)
        written = file.with_suffix(f".{uuid4().hex}")
        try:
            self._compiled.mkdir(exist_ok=True)
            written.write_bytes(_start(bucket) + marshal.dumps(bucket.code))
            written.replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                written.unlink(missing_ok=True)

    def _file(self, bucket: Bucket) -> Path:
        return self._compiled / f"{bucket.key}.{sys.implementation.cache_tag}.jinja"


def _start(bucket: Bucket) -> bytes:
    """Return what a stored template begins with: the versions of Python and Jinja, and the text that it belongs to."""
    return bc_magic + bucket.checksum.encode()
