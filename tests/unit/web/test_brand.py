"""The brand of the pages: a colour that can be read, a picture that runs nothing, templates of the operator's."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from doorward.settings.brand import BrandSettings
from doorward.settings.colours import MINIMUM_CONTRAST, contrast, lighten
from doorward.web.brand import ACCENT, DARK_SURFACE, MAXIMUM_LOGO_BYTES, Brand, BrandError, read_logo
from doorward.web.rendering import Pages
from doorward.web.texts import Texts

STYLES = Path("src/doorward/web/static/pages.css").read_text(encoding="utf-8")
PNG = b"\x89PNG\r\n\x1a\nrest"


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#ffffff", "#000000", 21.0), ("#777777", "#ffffff", 4.48), ("#0b57d0", "#0b57d0", 1.0)]
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize("colour", ["#0b57d0", "#000000", "#7A0019", "#006b3c"])
def test_a_colour_that_can_be_read_is_taken_and_lighter_in_the_dark(colour: str) -> None:
    assert BrandSettings(brand_color=colour).brand_color == colour.lower()
    assert contrast(lighten(colour.lower(), DARK_SURFACE), DARK_SURFACE) > MINIMUM_CONTRAST


@pytest.mark.parametrize("colour", ["#ffcc00", "#777777", "#ffffff"])
def test_a_colour_that_cannot_be_read_is_refused_with_its_contrast(colour: str) -> None:
    with pytest.raises(ValidationError, match=r"its contrast with the pages is \d+\.\d to 1"):
        BrandSettings(brand_color=colour)


@pytest.mark.parametrize("colour", ["red", "#fff", "#00000g", "rgb(0,0,0)", "#000000}body{"])
def test_what_is_no_colour_is_refused(colour: str) -> None:
    with pytest.raises(ValidationError, match="must be a colour as"):
        BrandSettings(brand_color=colour)


@pytest.mark.parametrize("name", [" Example", "Two\nlines", "", "x" * 61])
def test_a_name_is_one_line(name: str) -> None:
    with pytest.raises(ValidationError):
        BrandSettings(brand_name=name)


def test_the_text_colours_of_the_style_sheet_can_be_read_in_light_and_dark() -> None:
    found = re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", STYLES)
    light, dark = ({name: value[place] for name, *value in found} for place in (0, 1))
    for colours in (light, dark):
        pairs = [(text, behind) for text in ("text", "muted") for behind in ("background", "surface")]
        pairs += [("refusal", "refused"), ("refusal", "surface"), ("done", "accepted")]
        assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < MINIMUM_CONTRAST] == []
    assert dark["surface"] == DARK_SURFACE
    accent = lighten(ACCENT, DARK_SURFACE)
    assert min(contrast(ACCENT, "#ffffff"), contrast(accent, DARK_SURFACE), contrast(accent, dark["on-accent"])) > 4.5


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_a_picture_is_known_by_how_it_begins(tmp_path: Path, content: bytes, media_type: str) -> None:
    path = tmp_path / "logo.svg"
    path.write_bytes(content)
    assert read_logo(path).media_type == media_type


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"", PNG + b"x" * MAXIMUM_LOGO_BYTES]
)
def test_what_can_hold_a_script_or_is_too_large_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(content)
    with pytest.raises(BrandError, match="BRAND_LOGO_FILE"):
        read_logo(path)


def test_a_picture_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrandError, match="cannot be read"):
        read_logo(tmp_path / "none.png")


def test_a_template_of_the_operators_wins_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "forward.html").write_text("Own {{ brand.name }} {{ target }}", encoding="utf-8")
    pages = Pages(Brand("A & B"), tmp_path)
    assert pages.render(Texts("en"), "forward", target="<x>") == "Own A &amp; B &lt;x&gt;"
    assert "<title>This does not work · A &amp; B" in pages.render(Texts("en"), "authorization_error", detail="x")


def test_a_template_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "sign_in.html").write_text("{% if %}", encoding="utf-8")
    with pytest.raises(BrandError, match=r"sign_in\.html"):
        Pages(Brand("A"), tmp_path)
    with pytest.raises(BrandError, match="no folder"):
        Pages(Brand("A"), tmp_path / "none")
