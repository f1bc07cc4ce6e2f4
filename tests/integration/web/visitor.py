"""A person with a browser that runs no scripts: reads the forms of a page, types, and sends them."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, Final

import httpx
import pyotp

from development.client import Person
from tests.integration.service import Service

FACTORS: Final = "/account/second-factors"
PASSKEYS: Final = "/account/passkeys"
OWN: Final = "Your second factors"
CODES: Final = "Your recovery codes"
SECOND_STEP: Final = "Show your second factor"
PROOF: Final = "Show again that it is you"
STEP: Final = timedelta(seconds=30)


@dataclass
class Form:
    """One form of a page: where it goes, and what its fields hold."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    needs_script: bool = False


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.pictures: list[str] = []
        self.codes: list[str] = []
        self._is_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given["action"], needs_script="hidden" in given))
        if tag == "input":
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        if tag == "img":
            self.pictures.append(given["src"])
        self._is_code = tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._is_code = self._is_code and tag != "code"

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._is_code:
            self.codes.append(data)


class Shown:
    """A page as its reader sees it."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer, self.status = answer, answer.status_code
        reader = _Reader()
        reader.feed(answer.text)
        self.forms, self.pictures, self.codes = reader.forms, reader.pictures, reader.codes
        self.text = " ".join(" ".join(reader.words).split())

    @property
    def title(self) -> str:
        found = re.search(r"<title>([^<]*)</title>", self.answer.text)
        return html.unescape(found[1]) if found else ""

    def actions(self) -> list[str]:
        """Return where the forms go that need no script."""
        return [form.action for form in self.forms if not form.needs_script]

    def form(self, action: str, *, needs_script: bool = False) -> Form:
        found = [each for each in self.forms if (each.action, each.needs_script) == (action, needs_script)]
        assert found, (action, self.title, self.text)
        return found[0]

    def data(self, name: str) -> dict[str, Any]:
        """Return what the page holds for its script."""
        found = re.search(rf'data-{name}="([^"]*)"', self.answer.text)
        assert found is not None, self.text
        data: dict[str, Any] = json.loads(html.unescape(found[1]))
        return data


@dataclass
class Visitor:
    """A person in front of one page."""

    service: Service
    person: Person
    page: Shown | None = None
    answers: list[httpx.Response] = field(default_factory=list)

    async def open(self, path: str = FACTORS) -> Shown:
        return self._shown(await self.service.client.get(path))

    async def send(
        self, action: str, *, needs_script: bool = False, headers: dict[str, str] | None = None, **typed: str
    ) -> Shown:
        """Fill in the form of the page that goes there, and send it."""
        assert self.page is not None
        fields = {**self.page.form(action, needs_script=needs_script).fields, **typed}
        return self._shown(await self.service.client.post(f"/account/{action}", data=fields, headers=headers))

    async def sign_in(self, path: str = FACTORS, password: str = "") -> Shown:
        """Type name and password."""
        await self.open(path)
        return await self.send(
            path.rpartition("/")[2], username=self.person.username, password=password or self.person.password
        )

    async def set_up(self) -> tuple[pyotp.TOTP, list[str]]:
        """Set up an application from the page of second factors; return it and the codes that are shown."""
        return await self.set_up_with(await self.send("set-up-application"))

    async def set_up_with(self, shown: Shown) -> tuple[pyotp.TOTP, list[str]]:
        """Set up the application whose secret is shown."""
        (secret,) = shown.codes
        application = pyotp.TOTP(secret.replace(" ", ""))
        shown = await self.send("confirm-application", code=application.at(self.service.clock.present))
        assert shown.title == "Your recovery codes", shown.text
        return application, shown.codes

    def _shown(self, answer: httpx.Response) -> Shown:
        self.answers.append(answer)
        self.page = Shown(answer)
        return self.page


async def verified(site: Service) -> Person:
    person = await site.register()
    site.sql("UPDATE users SET email_verified_at = created_at WHERE id = %s", person.id)
    return person


async def new_visitor(site: Service) -> Visitor:
    """Somebody who has signed in on the page, without a factor."""
    found = Visitor(site, await verified(site))
    assert (await found.sign_in()).title == OWN
    return found


async def protected_visitor(site: Service) -> tuple[Visitor, pyotp.TOTP, list[str]]:
    """Somebody who has set up an application, and is on the page again."""
    found = await new_visitor(site)
    application, codes = await found.set_up()
    await found.send("own-second-factors")
    site.clock.advance(STEP)
    return found, application, codes


def code_of(application: pyotp.TOTP, site: Service) -> str:
    return application.at(site.clock.present)


def wrong(code: str) -> str:
    return f"{(int(code) + 500_000) % 1_000_000:06}"


def token_of(page: Shown | None) -> str:
    assert page is not None
    return next(form.fields["access_token"] for form in page.forms if "access_token" in form.fields)
