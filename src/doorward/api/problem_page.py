"""A refusal as an HTML page."""

import html
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse

ShowProblem = Callable[[Request, Mapping[str, Any]], str]
"""Returns the HTML for the members of a problem, in the language of the request."""

_PLAIN: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body>
<h1>{title}</h1>
<p>{detail}</p>
<p>{correlation_id}</p>
</body>
</html>
"""
"""The page to show if ``ShowProblem`` is not available."""


class ProblemPage(HTMLResponse):
    """A plain page with the members of its problem, so that the request pass can render it in the pages' style."""

    def __init__(self, problem: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> None:
        """Render the members of the problem as a plain page."""
        self.problem = problem
        shown = {name: html.escape(str(problem[name])) for name in ("title", "detail", "correlation_id")}
        super().__init__(_PLAIN.format(**shown), status, headers)

    def shown(self, request: Request, show: ShowProblem) -> HTMLResponse:
        """Return the response with the page that ``show`` renders for this request."""
        headers = {
            name: value for name, value in self.headers.items() if name not in {"content-length", "content-type"}
        }
        return HTMLResponse(show(request, self.problem), self.status_code, headers)
