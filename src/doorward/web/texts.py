"""The texts of the pages, one file per language in the folder ``texts``. Pure after import.

The language comes from the application (``ui_locales``, OpenID Connect Core section 3.1.2.1), else from the browser
(``Accept-Language``, RFC 9110 section 12.5.4), else it is English.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request
from markupsafe import Markup, escape

from doorward.core.exceptions import DomainError

ENGLISH: Final = "en"
UI_LOCALES: Final = "ui_locales"
MAXIMUM_LANGUAGE_TAGS: Final = 20
"""Maximum number of languages to read from a list."""
_FOLDER: Final = resources.files("doorward.web") / "texts"


def _read() -> Mapping[str, Mapping[str, str]]:
    files = (each for each in _FOLDER.iterdir() if each.name.endswith(".json"))
    return {each.name.removesuffix(".json"): json.loads(each.read_text(encoding="utf-8")) for each in files}


TEXTS: Final = _read()
"""Texts by language and key."""


class Texts:
    """The texts of one language. Links pass on ``requested_language``, which an application requested."""

    def __init__(self, language: str, requested_language: str = "") -> None:
        self.language = language
        self.requested_language = requested_language
        self._texts = TEXTS[language]

    def __call__(self, key: str, **values: object) -> Markup:
        """Return the escaped text of a key with these values, which are escaped too. Raises ``KeyError``."""
        text = escape(self._texts[key])
        return text.format(**values) if values else text

    def of_code(self, code: str, otherwise: str) -> str:
        """Return the text of a refusal with this code."""
        return self._texts.get(f"problem.{code}", otherwise)

    def of_status(self, status: int, otherwise: str) -> str:
        """Return the title of a status code."""
        return self._texts.get(f"status.{status}", otherwise)

    def refusal(self, error: DomainError) -> str:
        """Return the text of a refusal."""
        return self.of_code(error.code, error.detail)


def texts_of(request: Request) -> Texts:
    """Return the texts in the language of a request."""
    locales = _requested_locales(request.scope["query_string"].decode("latin-1"))
    for tag in locales.split()[:MAXIMUM_LANGUAGE_TAGS]:
        if (language := _known(tag)) is not None:
            return Texts(language, language)
    for tag in _accepted(request.headers.get("accept-language", "")):
        if (language := _known(tag)) is not None:
            return Texts(language)
    return Texts(ENGLISH)


def _requested_locales(query: str) -> str:
    """Return ``ui_locales`` of a query string, or else of the address in its parameter ``next``."""
    parameters = parse_qs(query)
    if UI_LOCALES in parameters:
        return parameters[UI_LOCALES][0]
    following = parse_qs(parameters.get("next", [""])[0].partition("?")[2])
    return following.get(UI_LOCALES, [""])[0]


def _known(tag: str) -> str | None:
    """Return the language of a tag (RFC 4647 section 3.4) if there are texts in it."""
    language = tag.partition("-")[0].lower()
    return language if language in TEXTS else None


def _accepted(header: str) -> Sequence[str]:
    """Return the tags of Accept-Language, highest weight first. Those with weight 0 are left out."""
    weighed = [_weighed(part) for part in header.split(",")[:MAXIMUM_LANGUAGE_TAGS]]
    return [tag for tag, weight in sorted(weighed, key=lambda each: -each[1]) if weight > 0]


def _weighed(part: str) -> tuple[str, float]:
    tag, _, parameter = part.strip().partition(";")
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return tag.strip(), 1
    try:
        return tag.strip(), float(value)
    except ValueError:
        return tag.strip(), 0
