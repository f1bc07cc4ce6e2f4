"""The README of doorward-client: its service and its test with a bound token run unchanged."""

import re
import runpy
from pathlib import Path
from typing import Any, Final

from doorward_client.testing import Issuer

README: Final = Path("packages/doorward-client/README.md")
_CODE: Final = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_service_of_the_readme_passes_the_test_of_the_readme(doorward_issuer: Issuer, tmp_path: Path) -> None:
    blocks: list[str] = _CODE.findall(README.read_text(encoding="utf-8"))
    (test,) = [each for each in blocks if "def test_" in each]
    written = tmp_path / "orders.py"
    written.write_text(f"{blocks[0]}\n{test}", encoding="utf-8")
    names: dict[str, Any] = runpy.run_path(str(written))
    names["test_a_bound_token_needs_its_key"](doorward_issuer)
