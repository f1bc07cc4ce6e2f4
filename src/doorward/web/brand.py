"""What the pages look like for people of this service: its name, its colours, its picture."""

from dataclasses import field
from pathlib import Path
from typing import Final

from doorward.core.frozen import frozen
from doorward.settings.colours import lightened

MAXIMUM_LOGO_BYTES: Final = 128 * 1024
DARK_SURFACE: Final = "#1e2127"
ACCENT: Final = "#0b57d0"
_FORMATS: Final = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF8", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
)
"""How a file begins, from which byte on, and its media type: pictures that run nothing."""


class BrandError(Exception):
    """What the operator has given cannot be used."""


@frozen
class Logo:
    """A picture, and its media type."""

    content: bytes = field(repr=False)
    media_type: str


@frozen
class Brand:
    """The brand. ``accent`` is readable by day."""

    name: str
    accent: str = ACCENT
    logo: Logo | None = None

    def style(self) -> str:
        """Return the rule that follows the style sheet."""
        return f":root{{--accent:light-dark({self.accent},{lightened(self.accent, DARK_SURFACE)})}}\n"


def read_logo(path: Path) -> Logo:
    """Read a picture. Raises ``BrandError`` for what is too large or no such picture."""
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
