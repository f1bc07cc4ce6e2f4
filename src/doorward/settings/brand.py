"""Settings of the brand: what the pages for people look like."""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from doorward.settings.colours import READABLE, contrast
from doorward.settings.topic import Topic

LIGHT_BACKGROUNDS: Final = ("#ffffff", "#f4f5f7")
"""What links stand on by day: a card, and the page around it. White is also the text of buttons."""

_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")


def _check_colour(text: str) -> str:
    colour = text.lower()
    if not _COLOUR.fullmatch(colour):
        raise ValueError("must be a colour as #0b57d0: a number sign and six hexadecimal digits")
    lowest = min(contrast(colour, background) for background in LIGHT_BACKGROUNDS)
    if lowest < READABLE:
        raise ValueError(
            f"must be darker: its contrast with the pages is {lowest:.1f} to 1, and text needs {READABLE} to 1 "
            "(WCAG 2.2, 1.4.3)"
        )
    return colour


def _check_name(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be one line of visible characters, without spaces at its ends")
    return text


class BrandSettings(Topic):
    """What people see of you on the pages. Needs what renders them (extra `doorward[mail]` or `doorward[oauth]`)."""

    brand_name: Annotated[str, AfterValidator(_check_name)] = Field(
        "doorward", min_length=1, max_length=60, examples=["Example"]
    )
    """The name at the head of each page, and in its title."""

    brand_color: Annotated[str, AfterValidator(_check_colour)] | None = Field(None, examples=["#0b57d0"])
    """The colour of buttons and links. It must be readable on white, and white on it: 4.5 to 1 (WCAG 2.2 AA). In the
    dark a lighter shade of it is used. Unset: a blue."""

    brand_logo_file: Path | None = Field(None, examples=["/etc/doorward/logo.png"])
    """A picture at the head of each page, in place of the name: PNG, JPEG, WebP or GIF, of at most 128 KiB. It is read
    at the start. No SVG, which can hold scripts."""

    templates_dir: Path | None = Field(None, examples=["/etc/doorward/pages"])
    """A folder of templates of pages that win over the built-in ones of the same name: docs/pages.md."""
