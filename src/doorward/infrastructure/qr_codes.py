"""QR codes as images for pages. Needs the package ``segno``, which is imported at the first use."""

import asyncio
from typing import Final

QUIET_MODULES: Final = 4
"""The light border that decoders need (ISO/IEC 18004 section 9.1)."""


async def draw_qr_code(text: str) -> str:
    """Return a QR code as the URL of an SVG image, ``data:image/svg+xml``, for ``src`` of an ``img``.

    It is black on white, whatever the page's colours: not all decoders read the inverse.
    """
    return await asyncio.to_thread(_draw, text)


def _draw(text: str) -> str:
    import segno  # noqa: PLC0415 - an extra

    code = segno.make_qr(text, error="m", boost_error=False)
    return code.svg_data_uri(
        border=QUIET_MODULES, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
