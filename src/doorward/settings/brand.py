"""Settings of the brand: the look of the HTML pages."""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from doorward.settings.colours import MINIMUM_CONTRAST, contrast
from doorward.settings.topic import Topic

LIGHT_BACKGROUNDS: Final = ("#ffffff", "#f4f5f7")
"""Backgrounds of links in the light theme: a card, and the page around it. Text on buttons is also white."""

_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")


def _check_colour(text: str) -> str:
    colour = text.lower()
    if not _COLOUR.fullmatch(colour):
        raise ValueError("must be a colour as #0b57d0: a number sign and six hexadecimal digits")
    lowest = min(contrast(colour, background) for background in LIGHT_BACKGROUNDS)
    if lowest < MINIMUM_CONTRAST:
        raise ValueError(
            f"must be darker: its contrast with the pages is {lowest:.1f} to 1, and text needs {MINIMUM_CONTRAST} to 1 "
            "(WCAG 2.2, 1.4.3)"
        )
    return colour


def _check_name(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be one line of visible characters, without spaces at its ends")
    return text


class BrandSettings(Topic):
    """The look of the HTML pages. Needs the extra `doorward[mail]` or `doorward[oauth]`, which renders them."""

    brand_name: Annotated[str, AfterValidator(_check_name)] = Field(
        "doorward", min_length=1, max_length=60, examples=["Example"]
    )
    """The name at the top of each page, and in its title."""

    brand_color: Annotated[str, AfterValidator(_check_colour)] | None = Field(None, examples=["#0b57d0"])
    """The colour of buttons and links. Its contrast with white must be at least 4.5 to 1 (WCAG 2.2 AA). The dark theme
    uses a lighter shade of it. Unset: a blue."""

    brand_logo_file: Path | None = Field(None, examples=["/etc/doorward/logo.png"])
    """A picture at the top of each page, in place of the name: PNG, JPEG, WebP or GIF, of at most 128 KiB. It is read
    at the start. SVG is refused, because it can contain scripts."""

    templates_dir: Path | None = Field(None, examples=["/etc/doorward/pages"])
    """A folder of page templates that override the built-in ones of the same name: docs/pages.md."""
