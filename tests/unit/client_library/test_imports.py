"""The library's modules that the service uses do not import an HTTP client or a web framework."""

import subprocess
import sys
from typing import Final

SHARED: Final = ("compact_jws", "key_sets", "metadata", "proofs", "public_keys", "verification", "verifier")
HEAVY: Final = ("fastapi", "httpx2", "starlette")


def test_shared_modules_import_neither_an_http_client_nor_a_web_framework() -> None:
    imports = ", ".join(f"doorward_client.{module}" for module in SHARED)
    code = f"import sys, {imports}; print(*sorted(set({HEAVY}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
