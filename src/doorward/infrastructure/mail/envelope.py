"""A mail as a message of RFC 5322: headers, text and HTML."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from email_validator import validate_email

from doorward.domain.accounts.models import Mail

_SPECIAL: Final = frozenset(' @,:;<>()[]\\"')
"""RFC 5322 section 3.2.3: characters that must be quoted in a local part. No account's address has them."""


class UnusableAddressError(ValueError):
    """No mail can be sent to this address. Accounts never have such an address: it is validated when it is entered."""


def email_message(mail: Mail, *, sender: Address, now: datetime) -> EmailMessage:
    """Return the message. A line end in any value is refused, so that no value can add a header field.

    Raises ``UnusableAddressError``, or ``ValueError`` for a subject with a line end.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = recipient_address(mail.to)
    message["Subject"] = mail.content.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.message_id}@{sender.domain}>"
    # RFC 3834 section 5: automatic responders do not answer it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.content.text, cte="quoted-printable")
    message.add_alternative(mail.content.html, subtype="html", cte="quoted-printable")
    return message


def recipient_address(text: str) -> Address:
    """Return the address with its domain in ASCII (RFC 5891), which most servers accept.

    Raises ``UnusableAddressError``.
    """
    local_part, at, domain = text.rpartition("@")
    if not at or not text.isprintable() or not _SPECIAL.isdisjoint(local_part):
        raise UnusableAddressError("no address")
    try:
        if not domain.isascii():
            domain = validate_email(f"a@{domain}", check_deliverability=False).ascii_domain
        return Address(username=local_part, domain=domain)
    except ValueError as error:
        raise UnusableAddressError("no address") from error
