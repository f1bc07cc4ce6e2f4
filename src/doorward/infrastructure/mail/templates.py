"""The templates of mails, in Jinja2. An operator's templates override the built-in ones.

``<locale>/<kind>.txt`` and ``<locale>/<kind>.html`` are templates; ``<locale>/<kind>.subject`` is one line, which is
never a template, so that no text that a person typed gets into a header. For kinds that a locale lacks, the English
templates are used.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateError, select_autoescape

from doorward.core.frozen import frozen
from doorward.domain.accounts.models import MailContent
from doorward.domain.accounts.ports import MailTemplateError
from doorward.domain.mfa.notices import FactorChange
from doorward.domain.outbox.mail import ComposedMail, MailKind
from doorward.infrastructure.template_cache import COMPILED, TemplateCache

BUILT_IN: Final = Path(__file__).parent / "messages"
DEFAULT_LOCALE: Final = "en"
_LINK: Final = "https://auth.example.com/account/page#token=dwo_AAAA"
_SECRET: Final = {"link": _LINK, "code": "12345678"}

OPTIONAL_FACTS: Final = {"username": "", "is_forced": ""}
"""Facts that a mail may lack: mail to an unverified address names no user, and few resets are forced."""

SAMPLE_FACTS: Final[Mapping[MailKind, Mapping[str, str]]] = {
    MailKind.VERIFY_EMAIL: _SECRET,
    MailKind.PASSWORD_RESET: _SECRET,
    MailKind.INVITATION: _SECRET,
    MailKind.CONFIRM_REGISTRATION: _SECRET,
    MailKind.ACCOUNT_EXISTS: {},
    MailKind.EMAIL_CHANGE_OLD: {**_SECRET, "new_email": "ada.new@example.com"},
    MailKind.EMAIL_CHANGE_NEW: _SECRET,
    MailKind.PASSWORD_CHANGED: {},
    MailKind.EMAIL_CHANGED: {},
    MailKind.NEW_DEVICE: {"at": "1 March 2026, 12:00 UTC", "address": "203.0.113.7", "user_agent": "Firefox on Linux"},
    MailKind.DELETION_SCHEDULED: {"deletes_at": "15 March 2026, 12:00 UTC"},
    MailKind.REUSE_DETECTED: {"at": "1 March 2026, 12:00 UTC"},
    MailKind.FACTORS_CHANGED: {"at": "1 March 2026, 12:00 UTC", "change": "totp_added"},
    MailKind.WEBHOOK_DISABLED: {"at": "1 March 2026, 12:00 UTC", "host": "hooks.example.com", "reason": "gone"},
}
"""Sample facts of each kind of mail, as its composer provides them. Every template is rendered with them at start."""

_VARIANTS: Final[Mapping[MailKind, Sequence[Mapping[str, str]]]] = {
    MailKind.PASSWORD_RESET: [{"is_forced": "yes"}],
    MailKind.FACTORS_CHANGED: [{"change": change} for change in get_args(FactorChange)],
}
"""Facts that select other branches of a template. It is rendered with each of them, too, and with a user's name."""


@frozen
class _Templates:
    subject: str
    text: Template
    html: Template


class JinjaTemplates:
    """All templates, compiled, and rendered once at start."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read the operator's folder and the built-in one. Raises ``MailTemplateError``."""
        if folder is not None and not folder.is_dir():
            raise MailTemplateError(f"{folder} is no folder")
        self._folders = [BUILT_IN] if folder is None else [folder, BUILT_IN]
        # Names end in .html, without a further suffix: autoescape depends on it.
        self._environment = Environment(
            loader=FileSystemLoader(self._folders),
            bytecode_cache=TemplateCache(BUILT_IN) if folder is None else None,
            autoescape=select_autoescape(("html",), default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        locales = sorted({path.name for each in self._folders for path in each.iterdir() if path.is_dir()} - {COMPILED})
        self._templates = {
            (locale, kind): templates
            for locale in locales
            for kind in MailKind
            if (templates := self._load(locale, kind)) is not None
        }

    def render(self, mail: ComposedMail) -> MailContent:
        """Return subject, text and HTML, in the mail's locale if it has templates. Raises ``MailTemplateError``."""
        templates = self._templates.get((mail.locale or DEFAULT_LOCALE, mail.kind))
        try:
            return _render(templates or self._templates[DEFAULT_LOCALE, mail.kind], mail.facts)
        except TemplateError as error:
            raise MailTemplateError(f"the mail template of {mail.kind} cannot be used: {error}") from error

    def _load(self, locale: str, kind: MailKind) -> _Templates | None:
        """Return the templates of a kind in a locale, which needs both text and HTML; None if it has neither."""
        paths = {ending: self._find(locale, kind, ending) for ending in ("txt", "html")}
        if not any(paths.values()):
            return None
        name = f"{locale}/{kind}"
        try:
            templates = _Templates(
                subject=self._subject(locale, kind),
                text=self._environment.get_template(f"{name}.txt"),
                html=self._environment.get_template(f"{name}.html"),
            )
            for variant in ({}, {"username": "ada"}, *_VARIANTS.get(kind, ())):
                _render(templates, {**SAMPLE_FACTS[kind], **variant})
        except (TemplateError, UnicodeDecodeError, OSError) as error:
            line = getattr(error, "lineno", None)
            where = f"{getattr(error, 'name', None) or name}{f', line {line}' if line else ''}"
            raise MailTemplateError(f"the mail template {where} cannot be used: {error}") from error
        return templates

    def _subject(self, locale: str, kind: MailKind) -> str:
        path = self._find(locale, kind, "subject") or self._find(DEFAULT_LOCALE, kind, "subject")
        subject = "" if path is None else path.read_text(encoding="utf-8").strip()
        if not subject or not subject.isprintable():
            raise MailTemplateError(f"the mail template {locale}/{kind}.subject must be one line of text")
        return subject

    def _find(self, locale: str, kind: MailKind, ending: str) -> Path | None:
        paths = (folder / locale / f"{kind}.{ending}" for folder in self._folders)
        return next((path for path in paths if path.is_file()), None)


def _render(templates: _Templates, facts: Mapping[str, str]) -> MailContent:
    context = {**OPTIONAL_FACTS, **facts, "subject": templates.subject}
    return MailContent(
        subject=templates.subject, text=templates.text.render(context), html=templates.html.render(context)
    )
