"""Templates and static files of the pages. Needs the package ``jinja2``."""

from importlib import resources
from typing import Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

_STATIC: Final = resources.files("doorward.web") / "static"


class Pages:
    """Renders the templates: everything that is put into one is escaped, and a missing word is an error."""

    def __init__(self) -> None:
        """Load all templates, so that a broken one stops the start."""
        self._templates = Environment(
            loader=PackageLoader("doorward.web"),
            autoescape=select_autoescape(["html"], default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for name in self._templates.list_templates():
            self._templates.get_template(name)

    def page(self, name: str, *, status: int = 200, **words: object) -> HTMLResponse:
        """Return the page ``name`` with these words."""
        return HTMLResponse(self._templates.get_template(f"{name}.html").render(**words), status)


def static_file(name: str) -> bytes:
    """Return a file of the folder ``static``."""
    return (_STATIC / name).read_bytes()
