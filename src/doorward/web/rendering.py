"""Rendering of templates and static files. Needs the package ``jinja2``."""

from collections.abc import Mapping
from functools import partial
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from markupsafe import Markup

from doorward.core.exceptions import DomainError, Kind
from doorward.web.brand import Brand, BrandError
from doorward.web.texts import UI_LOCALES, Texts, texts_of

_STATIC: Final = resources.files("doorward.web") / "static"
TEMPLATES: Final = Path(__file__).parent / "templates"
"""The folder of this package's templates."""

SIGN_IN: Final = "/account/sign-in"
NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_STRONG: Final = Markup("<strong>{}</strong>")


class Pages:
    """Renders the templates. All values are escaped, and a missing value is an error."""

    def __init__(
        self,
        brand: Brand,
        folder: Path | None = None,
        *,
        compiled: BytecodeCache | None = None,
        has_sign_in: bool = False,
    ) -> None:
        """Load all templates, so that a broken one stops the startup. Those in the operator's folder take precedence.

        ``compiled`` caches the compiled ``TEMPLATES``, if the operator has no folder. ``has_sign_in``: the page with a
        result links to the sign-in. Raises ``BrandError``.
        """
        if folder is not None and not folder.is_dir():
            raise BrandError(f"TEMPLATES_DIR: {folder} is no folder")
        self.brand = brand
        self.has_sign_in = has_sign_in
        self._templates = Environment(
            loader=FileSystemLoader([TEMPLATES] if folder is None else [folder, TEMPLATES]),
            bytecode_cache=compiled if folder is None else None,
            autoescape=select_autoescape(["html"], default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for name in self._templates.list_templates(extensions=["html"]):
            try:
                self._templates.get_template(name)
            except (TemplateError, UnicodeDecodeError, OSError) as error:
                line = getattr(error, "lineno", None)
                where = f"{getattr(error, 'name', None) or name}{f', line {line}' if line else ''}"
                raise BrandError(f"TEMPLATES_DIR: {where} cannot be used: {error}") from error

    def page(self, request: Request, name: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Return the page ``name`` with these values, in the language of the request."""
        return HTMLResponse(self.render(texts_of(request), name, **values), status)

    def finished(
        self,
        request: Request,
        what: str,
        *,
        facts: Mapping[str, object] = NOTHING,
        onward: str = "",
        onward_words: str = "",
        has_fragment: bool = False,
    ) -> HTMLResponse:
        """Return the page with the result, whose text has the key ``what``, and a link to ``onward``.

        ``has_fragment``: the address of the page may have a mailed token, which a script removes.
        """
        return self.page(
            request,
            "finished",
            what=what,
            facts=facts,
            onward=onward,
            onward_words=onward_words,
            has_fragment=has_fragment,
        )

    def render(self, texts: Texts, name: str, **values: object) -> str:
        """Return the HTML of a page."""
        template = self._templates.get_template(f"{name}.html")
        common = {"t": texts, "language": texts.language, "brand": self.brand, "strong": _STRONG.format}
        return template.render({**common, "to": partial(_address, texts), **values})

    def problem(self, request: Request, body: Mapping[str, Any]) -> str:
        """Return the page of a refusal, from the members of its problem."""
        texts = texts_of(request)
        title = texts.of_status(body["status"], body["title"])
        detail = texts.of_code(body["code"], body["detail"])
        return self.render(texts, "problem", title=title, detail=detail, correlation_id=body["correlation_id"])

    def style_sheet(self) -> bytes:
        """Return the style sheet of all pages with the brand's colours."""
        return static_file("pages.css") + self.brand.style().encode()


def _address(texts: Texts, path: str, **parameters: str) -> str:
    """Return the relative address of a page from any other page: all are one folder deep.

    It is correct below any path prefix, and keeps the language that the application requested.
    """
    query = {**parameters, **({UI_LOCALES: texts.requested_language} if texts.requested_language else {})}
    given = {name: value for name, value in query.items() if value}
    return f"../{path}?{urlencode(given)}" if given else f"../{path}"


def raise_service_errors(refusal: DomainError) -> None:
    """Raise a refusal that the request pass answers: the service is unavailable, or a limit is exceeded."""
    if refusal.kind in {Kind.UNAVAILABLE, Kind.EXHAUSTED}:
        raise refusal


def static_file(name: str) -> bytes:
    """Return a file of the folder ``static``."""
    return (_STATIC / name).read_bytes()
