"""Tools for tests of pages: Chromium, a QR code decoder, axe, and the HTML validator vnu, which needs Java."""

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

FOLDER: Final = Path(__file__).parent / "node_modules"
AXE: Final = FOLDER / "axe-core" / "axe.min.js"
VNU: Final = FOLDER / "vnu-jar" / "build" / "dist" / "vnu.jar"
HANGS_AFTER_SECONDS: Final = 120


def chromium() -> str:
    """Return the path of the browser; if it or playwright is missing, skip, or fail in the gate."""
    if importlib.util.find_spec("playwright") is None:
        _leave_out("playwright", "uv sync --group browser")
    return shutil.which("chromium") or _leave_out("chromium", "apt-get install chromium")


def read_codes(picture: memoryview) -> list[str]:
    """Return the decoded texts in the grey pixels of a picture; without a decoder skip, or fail in the gate."""
    if importlib.util.find_spec("zxingcpp") is None:
        _leave_out("zxing-cpp", "uv sync --group browser")
    import zxingcpp  # noqa: PLC0415 - it comes with the group `browser`

    return [found.text for found in zxingcpp.read_barcodes(picture)]


def axe() -> str:
    """Return the source of axe, which runs within a page; if it is missing, skip, or fail in the gate."""
    return AXE.read_text(encoding="utf-8") if AXE.exists() else _leave_out("axe", "npm ci --prefix tests/browser")


def validation_messages(pages: Mapping[str, str], folder: Path) -> list[str]:
    """Return the validator's messages about these documents."""
    java = shutil.which("java") or _leave_out("java", "apt-get install default-jre-headless")
    if not VNU.exists():
        _leave_out("vnu", "npm ci --prefix tests/browser")
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    command = [java, "-jar", str(VNU), "--format", "json", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANGS_AFTER_SECONDS)
    messages: list[dict[str, Any]] = json.loads(done.stderr)["messages"]
    return [f"{Path(each['url']).name}: {each['message']}" for each in messages]


def node_with(package: str) -> str:
    """Return the path of Node if this package is installed; if either is missing, skip, or fail in the gate."""
    if not (FOLDER / package).exists():
        _leave_out(package, "npm ci --prefix tests/browser")
    return shutil.which("node") or _leave_out("node", "apt-get install nodejs")


def _leave_out(what: str, remedy: str) -> str:
    if "CI" in os.environ:
        pytest.fail(f"{what} is missing: {remedy}")
    pytest.skip(f"{what} is missing: {remedy}")
