"""A cache for the compiled templates of this package. Needs the package ``jinja2``."""

import contextlib
import marshal
import sys
from pathlib import Path
from typing import Final
from uuid import uuid4

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket, bc_magic

COMPILED: Final = "__pycache__"


class TemplateCache(BytecodeCache):
    """Stores compiled templates in a folder beside them, as Python does with modules, and under the same conditions.

    Without permission to write there, the service compiles them at each start. A file that belongs to another text, or
    to another version of Python or Jinja, is replaced.
    """

    def __init__(self, folder: Path) -> None:
        """Store the path of the cache in the folder of the templates."""
        self._compiled = folder / COMPILED

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a template if its file exists, is complete, and belongs to this text."""
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
            start, stored = _start(bucket), self._file(bucket).read_bytes()
            if stored.startswith(start):
                bucket.code = marshal.loads(stored[len(start) :])  # noqa: S302 - as safe as the modules beside it

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Store a template atomically."""
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
    """Return the beginning of a stored template: the versions of Python and Jinja, and the checksum of its text."""
    return bc_magic + bucket.checksum.encode()
