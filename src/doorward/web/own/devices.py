"""What a device is called in a list, by what its browser says that it is. Pure.

A hint for its owner: every program may say that it is any browser.
"""

from typing import Final

LONGEST_SHOWN: Final = 80
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""What is in a header and the browser's name, those first that also name another one."""

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
    """Return browser and system, or what the header begins with where it names neither."""
    browser = next((name for part, name in _BROWSERS if part in user_agent), "")
    system = next((name for part, name in _SYSTEMS if part in user_agent), "")
    return " · ".join(each for each in (browser, system) if each) or user_agent[:LONGEST_SHOWN]
