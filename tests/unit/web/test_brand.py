"""The brand of the pages: a readable colour, a picture without scripts, and templates of the operator."""

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
def test_contrast_is_computed_as_in_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize("colour", ["#0b57d0", "#000000", "#7A0019", "#006b3c"])
def test_a_readable_colour_is_accepted_and_lightened_for_dark_mode(colour: str) -> None:
    assert BrandSettings(brand_color=colour).brand_color == colour.lower()
    assert contrast(lighten(colour.lower(), DARK_SURFACE), DARK_SURFACE) > MINIMUM_CONTRAST


@pytest.mark.parametrize("colour", ["#ffcc00", "#777777", "#ffffff"])
def test_an_unreadable_colour_is_refused_with_its_contrast(colour: str) -> None:
    with pytest.raises(ValidationError, match=r"its contrast with the pages is \d+\.\d to 1"):
        BrandSettings(brand_color=colour)


@pytest.mark.parametrize("colour", ["red", "#fff", "#00000g", "rgb(0,0,0)", "#000000}body{"])
def test_an_invalid_colour_is_refused(colour: str) -> None:
    with pytest.raises(ValidationError, match="must be a colour as"):
        BrandSettings(brand_color=colour)


@pytest.mark.parametrize("name", [" Example", "Two\nlines", "", "x" * 61])
def test_a_name_must_be_one_line(name: str) -> None:
    with pytest.raises(ValidationError):
        BrandSettings(brand_name=name)


def test_the_text_colours_of_the_style_sheet_are_readable_in_light_and_dark_mode() -> None:
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
def test_the_type_of_a_picture_is_detected_from_its_beginning(tmp_path: Path, content: bytes, media_type: str) -> None:
    path = tmp_path / "logo.svg"
    path.write_bytes(content)
    assert read_logo(path).media_type == media_type


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"", PNG + b"x" * MAXIMUM_LOGO_BYTES]
)
def test_a_picture_that_may_contain_a_script_or_is_too_large_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "logo.png"
    path.write_bytes(content)
    with pytest.raises(BrandError, match="BRAND_LOGO_FILE"):
        read_logo(path)


def test_a_missing_picture_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BrandError, match="cannot be read"):
        read_logo(tmp_path / "none.png")


def test_a_template_of_the_operator_takes_precedence_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "forward.html").write_text("Own {{ brand.name }} {{ target }}", encoding="utf-8")
    pages = Pages(Brand("A & B"), tmp_path)
    assert pages.render(Texts("en"), "forward", target="<x>") == "Own A &amp; B &lt;x&gt;"
    assert "<title>This does not work · A &amp; B" in pages.render(Texts("en"), "authorization_error", detail="x")


def test_an_invalid_template_or_a_missing_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sign_in.html").write_text("{% if %}", encoding="utf-8")
    with pytest.raises(BrandError, match=r"sign_in\.html"):
        Pages(Brand("A"), tmp_path)
    with pytest.raises(BrandError, match="no folder"):
        Pages(Brand("A"), tmp_path / "none")
