"""Compute the contrast of colours, as WCAG 2.2 defines it, and shades. No side effects."""

from typing import Final

MINIMUM_CONTRAST: Final = 4.5
"""Minimum contrast of text with its background (WCAG 2.2, 1.4.3, level AA)."""

_SHADES: Final = 100
_DARKEST_LINEAR: Final = 0.04045


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21. Colours are written as ``#rrggbb``."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def lighten(colour: str, background: str) -> str:
    """Return the darkest shade of the colour, mixed with white, that is readable on a dark background."""
    for part in range(_SHADES):
        shade = _mixed(colour, "#ffffff", part / _SHADES)
        if contrast(shade, background) >= MINIMUM_CONTRAST + 1:
            return shade
    return "#ffffff"


def _mixed(colour: str, other: str, part: float) -> str:
    mixed = (round(one + (two - one) * part) for one, two in zip(_channels(colour), _channels(other), strict=True))
    return "#" + "".join(f"{each:02x}" for each in mixed)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(each / 255) for each in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    """Return the linear light of an sRGB channel (IEC 61966-2-1)."""
    return channel / 12.92 if channel <= _DARKEST_LINEAR else ((channel + 0.055) / 1.055) ** 2.4
