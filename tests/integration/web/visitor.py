"""A person with a browser without scripts: reads, fills in and submits the forms of a page."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, Final

import httpx
import pyotp

from development.authenticator import Authenticator
from development.client import Person
from development.pages import OWN_SITE, forwarded, is_leading_on
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import Service

FACTORS: Final = "/account/second-factors"
PASSKEYS: Final = "/account/passkeys"
SIGN_IN: Final = "/account/sign-in"
OWN: Final = "Second factors"
KEYS: Final = "Passkeys"
CODES: Final = "Your recovery codes"
SECOND_STEP: Final = "Second step"
LOGIN: Final = "Sign in"
AGAIN: Final = "show again that it is you"
"""The text of the sign-in page if a change needs reauthentication."""
STEP: Final = timedelta(seconds=30)


@dataclass
class Form:
    """One form of a page: its action, and the values of its fields."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    needs_script: bool = False
    address: str = ""


def _last_part(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.pictures: list[str] = []
        self.codes: list[str] = []
        self._is_code = False
        self._field = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(_last_part(given["action"]), {}, "hidden" in given, given["action"]))
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        if tag in {"select", "textarea"}:
            self._field = given["name"]
            self.forms[-1].fields[self._field] = ""
        if tag == "option" and "selected" in given:
            self.forms[-1].fields[self._field] = given["value"]
        if tag == "img":
            self.pictures.append(given["src"])
        self._is_code = tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._is_code = self._is_code and tag != "code"
        self._field = "" if tag in {"select", "textarea"} else self._field

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._is_code:
            self.codes.append(data)
        if self.lasttag == "textarea" and self._field:
            # Browsers ignore a line end at the beginning of a text area.
            self.forms[-1].fields[self._field] += data.removeprefix("\n")


class Shown:
    """A page, parsed."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer, self.status = answer, answer.status_code
        reader = _Reader()
        reader.feed(answer.text)
        self.forms, self.pictures, self.codes = reader.forms, reader.pictures, reader.codes
        self.text = " ".join(" ".join(reader.words).split())

    @property
    def title(self) -> str:
        found = re.search(r"<title>([^<]*)</title>", self.answer.text)
        return html.unescape(found[1]).removesuffix(" · doorward") if found else ""

    def actions(self) -> list[str]:
        """Return the actions of the forms that need no script."""
        return [form.action for form in self.forms if not form.needs_script]

    def form(self, action: str, *, needs_script: bool = False) -> Form:
        found = [each for each in self.forms if (each.action, each.needs_script) == (action, needs_script)]
        assert found, (action, self.title, self.text)
        return found[0]

    def data(self, name: str) -> dict[str, Any]:
        """Return the data of the page for its script."""
        found = re.search(rf'data-{name}="([^"]*)"', self.answer.text)
        assert found is not None, self.text
        data: dict[str, Any] = json.loads(html.unescape(found[1]))
        return data


@dataclass
class Visitor:
    """A person with a browser, which stores cookies and follows redirects of pages."""

    service: Service
    person: Person
    page: Shown | None = None
    answers: list[httpx.Response] = field(default_factory=list)
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(self.service.app, raise_app_exceptions=False, client=("203.0.113.7", 1))
        self.http = httpx.AsyncClient(transport=transport, base_url=ORIGIN)

    @property
    def cookie(self) -> str:
        """The session cookie."""
        return self.http.cookies.get("__Host-doorward_session") or ""

    async def open(self, path: str = FACTORS) -> Shown:
        return await self._shown(await self.http.get(path))

    async def send(
        self, action: str, *, needs_script: bool = False, headers: dict[str, str] | None = None, **typed: str
    ) -> Shown:
        """Fill in the form of the page with this action, and submit it."""
        return await self.fill_in(action, typed, needs_script=needs_script, headers=headers)

    async def fill_in(
        self,
        action: str,
        typed: Mapping[str, str],
        *,
        needs_script: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Shown:
        """Do the same as ``send``, for field names that are not Python identifiers."""
        assert self.page is not None
        form = self.page.form(action, needs_script=needs_script)
        given = OWN_SITE if headers is None else headers
        address = self.page.answer.url.join(form.address)
        return await self._shown(await self.http.post(address, data={**form.fields, **typed}, headers=given))

    async def post(self, action: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> Shown:
        """Send fields independent of the page."""
        given = OWN_SITE if headers is None else headers
        return await self._shown(await self.http.post(f"/account/{action}", data=fields, headers=given))

    async def sign_in(self, path: str = FACTORS, password: str = "") -> Shown:
        """Enter name and password, in a browser without cookies."""
        self.http.cookies.clear()
        await self.open(path)
        return await self.send("sign-in", username=self.person.username, password=password or self.person.password)

    async def sign_in_again(self) -> Shown:
        """Sign in on the page to which a change has redirected."""
        return await self.send("sign-in", username=self.person.username, password=self.person.password)

    async def sign_in_by_passkey(self, authenticator: Authenticator, path: str = PASSKEYS) -> Shown:
        """Sign in like the page's script."""
        self.http.cookies.clear()
        signed = authenticator.get((await self.open(path)).data("get"))
        return await self.send("sign-in", needs_script=True, credential=json.dumps(signed))

    async def set_up(self) -> tuple[pyotp.TOTP, list[str]]:
        """Set up an application on the page of second factors; return it and the recovery codes."""
        return await self.set_up_with(await self.send("set-up-application"))

    async def set_up_with(self, shown: Shown) -> tuple[pyotp.TOTP, list[str]]:
        """Set up the application with the secret on the page."""
        (secret,) = shown.codes
        application = pyotp.TOTP(secret.replace(" ", ""))
        shown = await self.send("confirm-application", code=application.at(self.service.clock.present))
        assert shown.title == "Your recovery codes", shown.text
        return application, shown.codes

    async def _shown(self, answer: httpx.Response) -> Shown:
        self.answers.append(answer)
        if answer.status_code == 303:
            return await self.open(answer.headers["location"])
        if is_leading_on(answer):
            return await self.open(forwarded(answer))
        self.page = Shown(answer)
        return self.page


async def is_live(site: Service, cookie: str) -> bool:
    """Return whether the session of a cookie is live."""
    return await site.app.state.services.provider.browser_sessions.find(cookie) is not None


async def verified(site: Service) -> Person:
    person = await site.register()
    site.sql("UPDATE users SET email_verified_at = created_at WHERE id = %s", person.id)
    return person


async def new_visitor(site: Service) -> Visitor:
    """Return a person without a factor who has signed in on the page."""
    found = Visitor(site, await verified(site))
    assert (await found.sign_in()).title == OWN
    return found


async def protected_visitor(site: Service) -> tuple[Visitor, pyotp.TOTP, list[str]]:
    """Return a person who has set up an application, and opened the page again."""
    found = await new_visitor(site)
    application, codes = await found.set_up()
    await found.open()
    site.clock.advance(STEP)
    return found, application, codes


def code_of(application: pyotp.TOTP, site: Service) -> str:
    return application.at(site.clock.present)


def wrong(code: str) -> str:
    return f"{(int(code) + 500_000) % 1_000_000:06}"
