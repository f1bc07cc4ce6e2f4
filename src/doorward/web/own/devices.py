"""The display name of a device, derived from its User-Agent. Pure.

It is only a hint for its owner: any program can send the User-Agent of any browser.
"""

from typing import Final

MAXIMUM_NAME_LENGTH: Final = 80
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""Part of the User-Agent, and the browser's name. Browsers whose User-Agent also has the part of another come first."""

_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """Return browser and system, or the beginning of the User-Agent if both are unknown."""
    browser = next((name for part, name in _BROWSERS if part in user_agent), "")
    system = next((name for part, name in _SYSTEMS if part in user_agent), "")
    return " · ".join(each for each in (browser, system) if each) or user_agent[:MAXIMUM_NAME_LENGTH]
