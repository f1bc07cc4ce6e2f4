"""A refusal as a page, for people whose browser shows it."""

import html
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse

ShowProblem = Callable[[Request, Mapping[str, Any]], str]
"""Returns the page for the members of a problem, in the language of the request."""

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
"""What is shown where no request is known, as while the process ends."""


class ProblemPage(HTMLResponse):
    """The answer, and the members of its problem, by which the edge shows it as the other pages look."""

    def __init__(self, problem: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> None:
        """Take the members of the problem."""
        self.problem = problem
        shown = {name: html.escape(str(problem[name])) for name in ("title", "detail", "correlation_id")}
        super().__init__(_PLAIN.format(**shown), status, headers)

    def shown(self, request: Request, show: ShowProblem) -> HTMLResponse:
        """Return the answer to this request."""
        headers = {
            name: value for name, value in self.headers.items() if name not in {"content-length", "content-type"}
        }
        return HTMLResponse(show(request, self.problem), self.status_code, headers)
