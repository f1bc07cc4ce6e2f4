"""The errors of the outbox. Their codes are part of the API."""

from doorward.core.exceptions import DomainError, Kind


class MailNotConfiguredError(DomainError):
    """The service is not configured to send mail. The error is the same for every address."""

    kind = Kind.FORBIDDEN
    code = "mail_not_configured"
    detail = "This service sends no mail. Its operator has to set SMTP_HOST and EMAIL_FROM."
