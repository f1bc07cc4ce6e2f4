"""The brand of the pages: the service's name, its accent colour, its logo."""

from dataclasses import field
from pathlib import Path
from typing import Final

from doorward.core.frozen import frozen
from doorward.settings.colours import lighten

MAXIMUM_LOGO_BYTES: Final = 128 * 1024
DARK_SURFACE: Final = "#1e2127"
ACCENT: Final = "#0b57d0"
_FORMATS: Final = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF8", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
)
"""Magic bytes, their offset, and the media type of each image format that cannot contain scripts."""


class BrandError(Exception):
    """A brand setting of the operator cannot be used."""


@frozen
class Logo:
    """An image with its media type."""

    content: bytes = field(repr=False)
    media_type: str


@frozen
class Brand:
    """The brand. ``accent`` is for light mode; ``style`` derives the colour for dark mode."""

    name: str
    accent: str = ACCENT
    logo: Logo | None = None

    def style(self) -> str:
        """Return the CSS rule to append to the style sheet."""
        return f":root{{--accent:light-dark({self.accent},{lighten(self.accent, DARK_SURFACE)})}}\n"


def read_logo(path: Path) -> Logo:
    """Read an image. Raises ``BrandError`` if it is unreadable, too large, or of another format."""
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_LOGO_BYTES + 1)
    except OSError as error:
        raise BrandError(f"BRAND_LOGO_FILE: {path} cannot be read: {error.strerror}") from error
    if len(content) > MAXIMUM_LOGO_BYTES:
        raise BrandError(f"BRAND_LOGO_FILE: {path} has more than {MAXIMUM_LOGO_BYTES // 1024} KiB")
    for begin, place, media_type in _FORMATS:
        if content[place : place + len(begin)] == begin:
            return Logo(content, media_type)
    raise BrandError(f"BRAND_LOGO_FILE: {path} is neither PNG, JPEG, WebP nor GIF")
