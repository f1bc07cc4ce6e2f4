"""Registration and forgotten passwords at the sign-in, and the languages and the brand of pages."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from development.client import new_person
from tests.integration.mailbox import make_service_with_mail, next_mail, token_in
from tests.integration.oauth.browsers import Browser, application
from tests.integration.oauth.provider import Provider
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import MakeService, Service
from tests.integration.web.visitor import LOGIN, SIGN_IN, Shown, Visitor, is_live, new_visitor

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(60)


async def test_a_new_user_continues_to_the_application(site: Service) -> None:
    app, person = await application(Provider(site)), new_person()
    someone = Visitor(site, person)
    shown = await someone.open(app.address())
    register = f"/account/register?next={quote(shown.form('sign-in').fields['next'], safe='')}"
    shown = await someone.open(register)
    refused = await someone.send("register", email=person.email, username="x", password=person.password)
    assert (refused.status, person.email in refused.answer.text) == (422, True)
    assert person.password not in refused.answer.text
    shown = await someone.send("register", email=person.email, username=person.username, password=person.password)
    assert (shown.status, "asks for access" in shown.text, person.username in shown.text) == (200, True, True)
    assert await is_live(site, someone.cookie)


@pytest.mark.parametrize("page", ["register", "sign-in", "consent", "overview"])
async def test_a_repeated_query_parameter_is_refused_on_each_page(site: Service, page: str) -> None:
    someone = await new_visitor(site) if page == "overview" else Visitor(site, new_person())
    answer = await someone.http.get(f"/account/{page}?next=/account/overview&next=/account/sessions")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert (await someone.http.get(f"/account/{page}?next=/account/overview")).status_code in {200, 303, 400}


async def test_a_taken_name_and_a_foreign_form_create_no_account(site: Service) -> None:
    taken, person = await site.register(), new_person()
    someone = Visitor(site, person)
    await someone.open("/account/register")
    refused = await someone.send("register", email=person.email, username=taken.username, password=person.password)
    assert (refused.status, "user name exists" in refused.text) == (422, True)
    fields = {"email": person.email, "username": person.username, "password": person.password}
    refused = await someone.post("register", fields)
    assert (refused.status, "open for too long" in refused.text) == (422, True)
    assert site.sql("SELECT 1 FROM users WHERE email = %s", person.email) == []


async def test_the_page_announces_a_mail_that_completes_the_account(make_service: MakeService, tmp_path: Path) -> None:
    service = await make_service_with_mail(make_service, tmp_path, registration_confirmation=True)
    person = new_person()
    someone = Visitor(service, person)
    await someone.open("/account/register")
    shown = await someone.send("register", email=person.email, username=person.username, password=person.password)
    assert (shown.title, person.email in shown.text) == ("Look into your mailbox", True)
    token = token_in(await next_mail(service, person.email, "Confirm"))
    await someone.open("/account/confirm-registration")
    shown = await someone.send("confirm-registration", token=token, password=person.password)
    assert (shown.title, 'href="/account/sign-in"' in shown.answer.text) == ("Registration confirmed", True)


async def test_the_forgotten_password_page_does_not_reveal_whether_an_address_is_known(site: Service) -> None:
    known, told = await site.register(), set()
    for email in (known.email, "nobody-at-all@example.com"):
        someone = Visitor(site, known)
        await someone.open("/account/forgot-password")
        shown = await someone.send("forgot-password", email=email)
        told.add((shown.status, shown.title, shown.text.replace(email, "")))
    assert len(told) == 1
    refused = await someone.post("forgot-password", {"email": known.email})
    assert refused.status == 422


async def test_without_registration_and_mail_their_pages_and_links_do_not_exist(make_service: MakeService) -> None:
    service = await make_service(environment="production", bcrypt_rounds=10, public_url=ORIGIN, registration="closed")
    shown = await Visitor(service, new_person()).open(SIGN_IN)
    assert ("/register" in shown.answer.text, "forgot-password" in shown.answer.text) == (False, False)
    for page in ("register", "forgot-password"):
        assert (await service.client.get(f"/account/{page}")).status_code == 404


async def test_pages_and_errors_use_the_requested_language(site: Service) -> None:
    app = await application(Provider(site))
    someone = Visitor(site, await site.register())
    shown = await someone.open(app.address(ui_locales="de en"))
    assert ('<html lang="de">' in shown.answer.text, shown.title) == (True, "Anmelden")
    # The language is kept by forms, errors and the following pages.
    refused = await someone.send("sign-in", username=someone.person.username, password="not this one")
    assert (refused.title, "ist falsch" in refused.text) == ("Anmelden", True)
    shown = await someone.send("sign-in", username=someone.person.username, password=someone.person.password)
    assert "bittet um Zugriff" in shown.title
    headers = {"Accept-Language": "de-CH, en;q=0.5"}
    shown = Shown(await someone.http.get("/account/overview", headers=headers))
    assert ('<html lang="de">' in shown.answer.text, shown.title) == (True, "Ihr Konto")
    answer = await site.client.put("/account/sign-in", headers={**headers, "Accept": "text/html"})
    assert (answer.status_code, "Methode nicht erlaubt" in answer.text) == (405, True)
    assert (await someone.http.get("/account/overview")).text.count('<html lang="en">') == 1


async def test_the_brand_is_on_every_page(make_service: MakeService, tmp_path: Path) -> None:
    logo, pages = tmp_path / "logo.png", tmp_path / "pages"
    logo.write_bytes(PICTURE)
    pages.mkdir()
    (pages / "lost_device.html").write_text("<!doctype html><title>Ask us</title>{{ brand.name }}", encoding="utf-8")
    service = await make_service(
        public_url=ORIGIN, brand_name="Ada & Co", brand_color="#7a0019", brand_logo_file=logo, templates_dir=pages
    )
    answer = await service.client.get(SIGN_IN)
    assert "<title>Sign in · Ada &amp; Co</title>" in answer.text
    assert '<img class="logo" src="../account/static/logo" alt="Ada &amp; Co">' in answer.text
    picture = await service.client.get("/account/static/logo")
    assert (picture.content, picture.headers["content-type"]) == (PICTURE, "image/png")
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert "--accent:light-dark(#7a0019," in (await service.client.get("/account/static/pages.css")).text
    assert (await service.client.get("/account/lost-device")).text == "<!doctype html><title>Ask us</title>Ada &amp; Co"


async def test_the_sign_in_page_is_small_and_loads_nothing_from_other_hosts(site: Service) -> None:
    page = await site.client.get(SIGN_IN)
    style = await site.client.get("/account/static/pages.css")
    assert len(page.content) + len(style.content) < 30_000
    assert "//" not in page.text.replace("<!doctype html>", "").replace("https://auth.example.com", "")
    assert "url(" not in style.text
    assert "style=" not in page.text
    assert "<style" not in page.text


async def test_a_sign_in_without_a_next_page_shows_a_confirmation(site: Service) -> None:
    someone = Visitor(site, await site.register())
    assert (await someone.open(SIGN_IN)).title == LOGIN
    shown = await someone.send("sign-in", username=someone.person.username, password=someone.person.password)
    assert shown.title == "Signed in"
    assert await Browser(Provider(site)).get(SIGN_IN)
