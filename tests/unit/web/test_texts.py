"""The texts of the pages: the same in all languages, all of them used, and no other text in a template."""

import re
from pathlib import Path
from string import Formatter

import pytest
from fastapi import Request

import doorward.api.exceptions as of_the_edge
from doorward import domain
from doorward.api.v1.admin import audit, clients, invitations, outbox, roles, user_actions, users, webhooks
from doorward.core.exceptions import DomainError, ServiceUnavailableError, TooManyQueriesError
from doorward.domain.accounts import exceptions as of_accounts
from doorward.domain.administration import exceptions as of_administration
from doorward.domain.auth import exceptions as of_auth
from doorward.domain.auth.passwords import exceptions as of_passwords
from doorward.domain.federation import exceptions as of_federation
from doorward.domain.mfa import exceptions as of_factors
from doorward.domain.oauth.exceptions import ClientNotFoundError, InvalidClientSecretError
from doorward.domain.passkeys import exceptions as of_passkeys
from doorward.domain.webhooks.exceptions import DeadLetterNotFoundError, WebhookNotFoundError
from doorward.web.provider.consent import DESCRIBED_SCOPES
from doorward.web.provider.pages import ERRORS_WITHOUT_REDIRECT
from doorward.web.texts import TEXTS, Texts, texts_of

WEB = Path(next(iter(domain.__path__))).parent / "web"
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
SOURCES = [*TEMPLATES, *WEB.rglob("*.py")]
FAMILIES = (
    *("problem", "status", "done", "account", "scope", "user_status", "user_factor"),
    *("client_method", "client_grant", "webhook_disabled", "dead_letter_channel"),
)
"""Prefixes of keys that are composed of an error's code, a status, an action, a page, a scope or a kind."""

OF_THE_API = {
    *("missing_access_token", "invalid_access_token", "invalid_refresh_token", "scope_not_granted", "invalid_target"),
    *("owner_required", "issuer_unavailable"),
}
"""Errors that no page can receive, because they are about tokens."""

ADMINISTERED = (audit, clients, invitations, outbox, roles, user_actions, users, webhooks)
"""The modules with administration pages."""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_every_language_has_the_same_texts_with_the_same_placeholders(language: str) -> None:
    english, texts = TEXTS["en"], TEXTS[language]
    assert list(texts) == list(english)
    assert [key for key, text in texts.items() if placeholders(text) != placeholders(english[key])] == []
    assert [key for key, text in texts.items() if not text.strip()] == []


def test_english_and_german_are_shipped_and_differ() -> None:
    assert {"en", "de"} <= TEXTS.keys()
    same = {key for key, text in TEXTS["de"].items() if text == TEXTS["en"][key]}
    assert same == {"account.passkeys", "factors.passkeys", "field.name", "passkeys.title", "user_factor.passkey"} | {
        *("clients.title", "clients.facts", "clients.scopes", "webhooks.title", "webhooks.one"),
        "dead_letter_channel.webhook",
    }


def test_every_text_is_used() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    named = set(re.findall(r"""["']([a-z_]+\.[a-z_0-9:-]+)["']""", sources))
    ends = {key for key in TEXTS["en"] if key.removesuffix("_title") in named and key.endswith("_title")}
    put_together = {key for key in TEXTS["en"] if key.partition(".")[0] in FAMILIES}
    in_lists = {"sessions.browsers", "sessions.applications"}
    mailboxes = {f"confirm_email_change.waiting_{mailbox}{end}" for mailbox in ("old", "new") for end in ("", "_title")}
    assert TEXTS["en"].keys() - named - ends - put_together - in_lists - mailboxes == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_contains_other_text_than_the_texts(path: Path) -> None:
    source = re.sub(r"{% block kind %}.*?{% endblock %}", "", path.read_text(encoding="utf-8"))
    text = re.sub(r"{%.*?%}|{{.*?}}", "", source, flags=re.DOTALL)
    spoken = re.findall(r'(?:aria-label|alt|title|placeholder|data-[a-z-]+)="([^"]*[A-Za-z]{2}[^"]*)"', text)
    between = re.sub(r"<[^>]*>", "\n", re.sub(r"<!doctype html>", "", text))
    words = re.findall(r"[^\W\d_]{2,}", re.sub(r'[a-z-]+=""', "", between))
    assert (words, spoken) == ([], [])


def test_errors_that_pages_show_have_texts_and_the_english_ones_are_those_of_the_api() -> None:
    modules = (of_auth, of_passwords, of_accounts, of_factors, of_passkeys, of_administration, of_federation)
    own = [each for module in modules for each in vars(module).values() if isinstance(each, type)]
    refusals = {each for each in own if issubclass(each, DomainError) and getattr(each, "code", None)}
    refusals |= {ServiceUnavailableError, TooManyQueriesError, *ERRORS_WITHOUT_REDIRECT}
    administered = {each for module in ADMINISTERED for call in module.calls() for each in call.refusals}
    assert {ClientNotFoundError, WebhookNotFoundError, DeadLetterNotFoundError} < administered
    # No form has a field for a secret that was chosen elsewhere.
    refusals |= {each for each in administered if issubclass(each, DomainError)} - {InvalidClientSecretError}
    shown = {each.code: each.detail for each in refusals if each.code not in OF_THE_API}
    assert {code: TEXTS["en"].get(f"problem.{code}") for code in shown} == shown
    edge = {each.code: each.explanation for each in vars(of_the_edge).values() if hasattr(each, "explanation")}
    translated = {key.removeprefix("problem.") for key in TEXTS["en"] if key.startswith("problem.")}
    assert {code: TEXTS["en"][f"problem.{code}"] for code in edge.keys() & translated} == {
        code: edge[code] for code in edge.keys() & translated
    }
    assert "rate_limit_exceeded" in translated


def test_every_described_scope_has_a_text() -> None:
    assert {f"scope.{scope}" for scope in DESCRIBED_SCOPES} == {key for key in TEXTS["en"] if key.startswith("scope.")}


def request(query: str = "", accepted: str = "") -> Request:
    headers = [(b"accept-language", accepted.encode())] if accepted else []
    return Request({"type": "http", "query_string": query.encode(), "headers": headers})


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "de-AT,en;q=0.8", "de"),
        ("", "fr;q=1, en;q=0.4, de;q=0.5", "de"),
        ("", "DE", "de"),
        ("", "de;q=0, en", "en"),
        ("", "de;q=x", "en"),
        ("", "xx, *;q=0.1", "en"),
        ("ui_locales=de", "en", "de"),
        ("ui_locales=fr+de-CH+en", "", "de"),
        ("ui_locales=xx", "de", "de"),
        ("ui_locales=", "de", "de"),
        ("next=%2Foauth%2Fauthorize%3Fui_locales%3Dde%26a%3Db", "en", "de"),
        ("next=%2F%2F%5B", "", "en"),
        ("%ff=%fe&ui_locales=%00", "\u00ff", "en"),
    ],
)
def test_the_application_chooses_the_language_then_the_browser(query: str, accepted: str, language: str) -> None:
    assert texts_of(request(query, accepted)).language == language


def test_a_language_that_the_application_requested_is_kept_for_links() -> None:
    assert texts_of(request("ui_locales=de-CH")).requested_language == "de"
    assert not texts_of(request("", "de")).requested_language


def test_a_text_and_the_values_in_it_are_escaped() -> None:
    escaped = Texts("en")("consent.new", application="<b>{x}</b>")
    assert escaped == "If you agree, &lt;b&gt;{x}&lt;/b&gt; may:"
