"""A refusal as a page, for people whose browser shows it."""

import html
from collections.abc import Mapping
from typing import Any, Final

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../account/static/pages.css">
</head>
<body>
<main>
<h1>{title}</h1>
<p>{detail}</p>
<p class="hint">If this happens again, tell the operator this number: {correlation_id}</p>
</main>
</body>
</html>
"""


def problem_page(body: Mapping[str, Any]) -> str:
    """Return the page for the members of a problem."""
    return _PAGE.format(**{name: html.escape(str(body[name])) for name in ("title", "detail", "correlation_id")})
