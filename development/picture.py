"""Generates docs/demo.svg: the first steps of `inv demo`, from a real run, drawn as a terminal.

Run after a change of the demo: python -m development.picture
"""

import subprocess
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from development.proof.service import own_database, proof_settings, running_service

PICTURE: Final = Path("docs/demo.svg")
COMMAND: Final = "$ uv run inv demo"
FIRST_STEP_LEFT_OUT: Final = "8. "
COLUMNS: Final = 112
CHARACTER_WIDTH: Final = 7.2
LINE_HEIGHT: Final = 17
MARGIN: Final = 16
TITLE_BAR: Final = 28
FONT: Final = 'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12"'

TEXT: Final = "#d6deeb"
COLOURS: Final = (("   2", "#7fdb8f"), ("   4", "#ff8b8b"), ("   ", "#9fb3c8"))
"""The colour of a line by its prefix: a success response, an error response, a request. Other lines are headings."""


def demo_output() -> Sequence[str]:
    """Run the demo on a temporary service; return the lines of the steps that are drawn."""
    with own_database() as database, running_service(proof_settings(database)) as url:
        command = [sys.executable, "-m", "development.demo", "--url", url]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return printed.partition(f"\n{FIRST_STEP_LEFT_OUT}")[0].strip().splitlines()


def drawing(lines: Sequence[str]) -> str:
    """Return the lines as SVG; lines longer than the terminal are cut."""
    width = round(2 * MARGIN + COLUMNS * CHARACTER_WIDTH)
    height = TITLE_BAR + 2 * MARGIN + len(lines) * LINE_HEIGHT
    buttons = [
        f'<circle cx="{MARGIN + 18 * place}" cy="{TITLE_BAR // 2}" r="5" fill="{colour}"/>'
        for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    ]
    texts = [
        f'<text x="{MARGIN}" y="{baseline}" fill="{_colour(line)}">{_shown(line)}</text>'
        for baseline, line in zip(count(TITLE_BAR + MARGIN + LINE_HEIGHT, LINE_HEIGHT), lines, strict=False)
        if line
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" xml:space="preserve" {FONT}>',
            "<title>inv demo: register, log in, refresh, and what happens to a stolen refresh token</title>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#0f1b2a"/>',
            *buttons,
            *texts,
            "</svg>\n",
        ]
    )


def _colour(line: str) -> str:
    return next((colour for start, colour in COLOURS if line.startswith(start)), TEXT)


def _shown(line: str) -> str:
    return escape(line if len(line) <= COLUMNS else f"{line[: COLUMNS - 3]}...")


def main() -> None:
    """Run the demo and write the SVG."""
    PICTURE.write_text(drawing([COMMAND, *demo_output()]), encoding="utf-8")


if __name__ == "__main__":
    main()
