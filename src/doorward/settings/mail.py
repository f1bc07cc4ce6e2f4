"""Settings of mail: the SMTP server, the sender, and the templates."""

import ipaddress
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator, model_validator

from doorward.settings.published_secrets import OUTPUT_OF_GENERATOR
from doorward.settings.topic import Topic, is_development
from doorward.settings.web_addresses import HIGHEST_PORT

IMPLICIT_TLS_PORT: Final = 465
SUBMISSION_PORT: Final = 587
DEVELOPMENT_FOLDER: Final = Path(".development/mails")

SmtpTls = Literal["starttls", "implicit", "none"]
EmailChangeConfirmation = Literal["both", "new"]


def sender_address(text: str) -> Address:
    """Return the mailbox in ``EMAIL_FROM``, which may have a display name. Raises ``ValueError``."""
    found = getaddresses([text])
    name, address = found[0] if len(found) == 1 else ("", "")
    if not text.isprintable() or not address.isascii() or address.count("@") != 1:
        raise ValueError("must be one e-mail address, with a name in front or without")
    try:
        return Address(display_name=name, addr_spec=address)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise ValueError("must be one e-mail address, with a name in front or without") from error


def _check_sender(text: str) -> str:
    sender_address(text)
    return text


class MailSettings(Topic):
    """Mail for verification, password resets and notices. Needs the extra `doorward[mail]` and `PUBLIC_URL`."""

    email_from: Annotated[str, AfterValidator(_check_sender)] | None = Field(
        None,
        examples=["Example <accounts@example.com>"],
    )
    """The sender of all mail. Set it together with `SMTP_HOST`; without them, no mail is sent."""

    smtp_host: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._:-]+$",
        examples=["smtp.example.com"],
    )
    """The SMTP server. If unset in development, and `PUBLIC_URL` is set, mail is shown at `/development/mails` and in
    the console."""

    smtp_port: int | None = Field(
        None,
        ge=1,
        le=HIGHEST_PORT,
        examples=["587"],
    )
    """The server's port. Unset: 587, or 465 with `SMTP_TLS=implicit`."""

    smtp_username: str | None = Field(None, min_length=1, examples=["doorward"])
    """The user name at the server, if it requires authentication."""

    smtp_password: SecretStr | None = Field(None, examples=[OUTPUT_OF_GENERATOR])
    """The password of `SMTP_USERNAME`."""

    smtp_tls: SmtpTls = Field(
        "starttls",
        examples=["implicit"],
    )
    """How the connection is encrypted; certificates are verified. `starttls`: by the STARTTLS command, which the server
    must support. `implicit`: TLS from the start. `none`: no encryption, only for a server on this machine or in
    development."""

    email_change_confirmation: EmailChangeConfirmation = Field("both", examples=["new"])
    """Which mailboxes must confirm a new e-mail address of an account with a verified address. `both`: the old and the
    new one. `new`: the new one; the old one gets a notice afterwards."""

    mail_templates_folder: Path | None = Field(
        None,
        examples=["/etc/doorward/mail"],
    )
    """A folder of templates that override the built-in ones: docs/mail.md."""

    mail_development_folder: Path | None = Field(
        None,
        examples=["/tmp/mails"],  # noqa: S108 - an example, never used by itself
    )
    """The folder of the mails that `/development/mails` shows; refused in production. Unset:
    `.development/mails`."""

    @property
    def port(self) -> int:
        """The port to connect to."""
        return self.smtp_port or (IMPLICIT_TLS_PORT if self.smtp_tls == "implicit" else SUBMISSION_PORT)

    @field_validator("smtp_tls")
    @classmethod
    def _encrypted_beyond_this_machine(cls, value: SmtpTls, info: ValidationInfo) -> SmtpTls:
        host = info.data.get("smtp_host")
        if value == "none" and host is not None and not _is_this_machine(host) and not is_development(info):
            raise ValueError("must not be none unless SMTP_HOST is this machine: passwords and links would be readable")
        return value

    @field_validator("mail_development_folder")
    @classmethod
    def _only_in_development(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and not is_development(info):
            raise ValueError("must not be set in production: mails would be kept in files, with their links")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.email_from is None) != (self.smtp_host is None):
            given, missing = ("SMTP_HOST", "EMAIL_FROM") if self.smtp_host else ("EMAIL_FROM", "SMTP_HOST")
            raise ValueError(f"{given} is set without {missing}: set both, or none to send no mail")
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("SMTP_USERNAME and SMTP_PASSWORD belong together: set both, or none")
        if self.smtp_username is not None and self.smtp_host is None:
            raise ValueError("SMTP_USERNAME is set without SMTP_HOST: set both, or none to send no mail")
        return self


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
