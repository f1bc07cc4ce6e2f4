"""Mail templates: their content, escaping, an operator's own templates, locales, and errors at startup."""

import re
from pathlib import Path
from typing import get_args

import pytest

from doorward.domain.accounts.ports import MailTemplateError
from doorward.domain.mfa.notices import FactorChange
from doorward.domain.outbox.mail import ComposedMail, MailKind
from doorward.infrastructure.mail.templates import BUILT_IN, SAMPLE_FACTS, JinjaTemplates
from doorward.infrastructure.template_cache import COMPILED

WITH_LINK = {
    MailKind.VERIFY_EMAIL,
    MailKind.PASSWORD_RESET,
    MailKind.INVITATION,
    MailKind.CONFIRM_REGISTRATION,
    MailKind.EMAIL_CHANGE_OLD,
    MailKind.EMAIL_CHANGE_NEW,
}
LINK = "https://auth.example.com/account/page#token=dwo_AAAA"


@pytest.fixture(scope="module")
def built_in() -> JinjaTemplates:
    return JinjaTemplates()


def mail(kind: MailKind, locale: str | None = None, **facts: str) -> ComposedMail:
    return ComposedMail(to="ada@example.com", kind=kind, facts={**SAMPLE_FACTS[kind], **facts}, locale=locale)


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_has_a_subject_a_text_and_html(built_in: JinjaTemplates, kind: MailKind) -> None:
    content = built_in.render(mail(kind))
    assert content.subject
    assert len(content.text) > 80
    assert content.html.startswith("<!doctype html>")
    assert '<meta name="color-scheme" content="light dark">' in content.html


@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_with_a_token_has_one_link_and_the_code_and_a_notice_has_neither(
    built_in: JinjaTemplates, kind: MailKind
) -> None:
    content = built_in.render(mail(kind))
    expected = [LINK] if kind in WITH_LINK else []
    assert re.findall(r"https?://\S+", content.text) == expected
    assert re.findall(r'href="([^"]+)"', content.html) == expected
    assert ("1234 5678" in content.text, "1234 5678" in content.html) == (bool(expected), bool(expected))


def test_user_input_is_escaped_in_html_and_not_in_text(built_in: JinjaTemplates) -> None:
    content = built_in.render(mail(MailKind.NEW_DEVICE, user_agent="<script>alert('x')</script> & {{ code }}"))
    assert "<script>" not in content.html
    assert "&lt;script&gt;" in content.html
    assert "<script>alert('x')</script> & {{ code }}" in content.text


def test_the_subject_does_not_depend_on_the_facts(built_in: JinjaTemplates) -> None:
    contents = [built_in.render(mail(MailKind.VERIFY_EMAIL, username=name)) for name in ("ada", "eve")]
    assert contents[0].subject == contents[1].subject


def test_a_mail_names_the_user_only_if_the_facts_do(built_in: JinjaTemplates) -> None:
    assert "Hello,\n" in built_in.render(mail(MailKind.VERIFY_EMAIL)).text
    assert "Hello ada,\n" in built_in.render(mail(MailKind.PASSWORD_CHANGED, username="ada")).text


def test_a_missing_fact_raises(built_in: JinjaTemplates) -> None:
    with pytest.raises(MailTemplateError, match="'code' is undefined"):
        built_in.render(ComposedMail("ada@example.com", MailKind.VERIFY_EMAIL, {"link": LINK}))


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_an_operators_templates_take_precedence_and_the_others_stay(tmp_path: Path, built_in: JinjaTemplates) -> None:
    write(tmp_path, "en/verify_email.txt", "Ours: {{ link }}")
    write(tmp_path, "en/verify_email.subject", "Our subject\n")
    templates = JinjaTemplates(tmp_path)
    content = templates.render(mail(MailKind.VERIFY_EMAIL))
    assert (content.subject, content.text) == ("Our subject", f"Ours: {LINK}")
    assert "Our subject" in content.html
    assert templates.render(mail(MailKind.NEW_DEVICE)) == built_in.render(mail(MailKind.NEW_DEVICE))


def test_a_locale_is_used_if_it_has_the_kind_and_english_otherwise(tmp_path: Path) -> None:
    write(tmp_path, "de/verify_email.txt", "Bitte bestätigen: {{ link }}")
    write(tmp_path, "de/verify_email.html", "<p>Bitte bestätigen: {{ link }}</p>")
    templates = JinjaTemplates(tmp_path)
    assert templates.render(mail(MailKind.VERIFY_EMAIL, "de")).text.startswith("Bitte")
    for kind, locale in [(MailKind.NEW_DEVICE, "de"), (MailKind.VERIFY_EMAIL, "fr"), (MailKind.VERIFY_EMAIL, "../en")]:
        assert templates.render(mail(kind, locale)) == templates.render(mail(kind))


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("en/verify_email.txt", "{{ link", "verify_email.txt, line 1"),
        ("en/verify_email.html", "{{ nothing_of_that_name }}", "'nothing_of_that_name' is undefined"),
        ("en/verify_email.txt", "{% if username %}{{ nothing }}{% endif %}", "'nothing' is undefined"),
        ("en/password_reset.html", "{% if is_forced %}{{ nothing }}{% endif %}", "'nothing' is undefined"),
        ("en/factors_changed.txt", "{% if change == 'reset' %}{{ nothing }}{% endif %}", "'nothing' is undefined"),
        ("en/factors.html", "{% set told = %}", "en/factors.html, line 1"),
        ("de/verify_email.txt", "{{ link }}", "de/verify_email.html"),
        ("en/verify_email.subject", "two\nlines", "en/verify_email.subject must be one line"),
        ("en/verify_email.subject", "\n", "en/verify_email.subject must be one line"),
        ("layout.html", "{% extends 'gone.html' %}", "gone.html"),
    ],
)
def test_an_invalid_template_is_reported_by_name_when_it_is_loaded(
    tmp_path: Path, name: str, text: str, what: str
) -> None:
    write(tmp_path, name, text)
    with pytest.raises(MailTemplateError) as refusal:
        JinjaTemplates(tmp_path)
    assert what in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("change", [*get_args(FactorChange), "of a later version"])
def test_text_and_html_name_each_change_of_factors(built_in: JinjaTemplates, change: str) -> None:
    content = built_in.render(mail(MailKind.FACTORS_CHANGED, change=change))
    (line,) = [line for line in content.text.splitlines() if "1 March 2026" in line]
    assert line in content.html
    assert ("The second factors of your account were changed" in line) == (change == "of a later version")


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MailTemplateError, match="is no folder"):
        JinjaTemplates(tmp_path / "gone")


def test_every_template_has_a_suffix_that_selects_its_escaping() -> None:
    endings = {path.suffix for path in BUILT_IN.rglob("*") if path.is_file() and path.parent.name != COMPILED}
    assert endings == {".html", ".txt", ".subject"}
