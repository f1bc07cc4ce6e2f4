"""/development/mails: the mails stored in development, with their links and codes. Production has no such page."""

import re
from collections.abc import Sequence
from html import escape
from typing import Final
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from doorward.api.policy import PUBLIC, ContentPolicy, RoutePolicy
from doorward.api.routing import Call
from doorward.domain.accounts.models import Mail
from doorward.domain.accounts.ports import DevelopmentMails

PATH: Final = "/development/mails"
PAGE: Final = RoutePolicy(PUBLIC, content=ContentPolicy.MAIL)
_NOT_FOUND: Final = 404
_LINK: Final = re.compile(r"https?://[^\s<>\"']+")
_STYLE: Final = (
    "html { color-scheme: light dark; background: light-dark(#fff, #14161a) }"
    "body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; "
    "overflow-wrap: anywhere }"
    "a { color: light-dark(#0b57d0, #8ab4f8) }"
    "pre { white-space: pre-wrap }"
)
_HTML: Final = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>{style}</style></head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def calls(mails: DevelopmentMails) -> Sequence[Call]:
    """Return the routes that show these mails."""

    async def list_mails(request: Request) -> Response:  # noqa: ARG001 - a direct call takes the request
        """List the latest mails, newest first."""
        kept = await mails.list()
        rows = "\n".join(
            f'<li><a href="mails/{each.message_id}">{escape(each.content.subject)}</a> to {escape(each.to)}</li>'
            for each in kept
        )
        return _page("Mails", f"<ol>\n{rows}\n</ol>" if kept else "<p>No mail was sent yet.</p>")

    async def show_mail(message_id: UUID) -> Response:
        """Show one mail as text with clickable links."""
        mail = await mails.find(message_id)
        return _not_found() if mail is None else _page(mail.content.subject, _as_text(mail))

    async def show_html(message_id: UUID) -> Response:
        """Show the HTML part of one mail."""
        mail = await mails.find(message_id)
        return _not_found() if mail is None else HTMLResponse(mail.content.html)

    return [
        Call("GET", PATH, list_mails, PAGE),
        Call("GET", f"{PATH}/{{message_id:uuid}}", show_mail, PAGE),
        Call("GET", f"{PATH}/{{message_id:uuid}}/html", show_html, PAGE),
    ]


def _as_text(mail: Mail) -> str:
    text = _LINK.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', escape(mail.content.text))
    html = f"{mail.message_id}/html"
    links = f'<a href="{html}">As HTML</a>, <a href="../mails">all mails</a>'
    return f"<p>To {escape(mail.to)}. {links}</p>\n<pre>{text}</pre>"


def _not_found() -> Response:
    return HTMLResponse(_HTML.format(title="No such mail", style=_STYLE, body=""), status_code=_NOT_FOUND)


def _page(title: str, body: str) -> Response:
    return HTMLResponse(_HTML.format(title=escape(title), style=_STYLE, body=body))
