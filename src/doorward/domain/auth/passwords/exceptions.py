"""Errors for new passwords that are refused."""

from doorward.core.exceptions import DomainError, Kind


class PasswordLengthError(DomainError):
    """The password is too short or too long."""

    kind = Kind.INVALID
    code = "password_length"
    detail = "A password has 8 to 256 characters. Choose one within these bounds."


class PasswordBlankError(DomainError):
    """The password has no visible character: only white space, control and format characters."""

    kind = Kind.INVALID
    code = "password_blank"
    detail = "The password has no visible characters. Choose one with letters, digits or signs."


class PasswordNotTextError(DomainError):
    """The password cannot be typed again: it has lone surrogates, or more than 30 combining marks in a row."""

    kind = Kind.INVALID
    code = "password_not_text"
    detail = "The password is not valid Unicode text. Choose one made of characters."


class PasswordTooCommonError(DomainError):
    """The password is on the list of common ones, or is a common word with a year, digits or signs around it."""

    kind = Kind.INVALID
    code = "password_too_common"
    detail = (
        "This password is among the first that attackers try: a common one, or a common word with digits or signs. "
        "Choose another, such as four random words."
    )


class PasswordIsNameError(DomainError):
    """The password is the user name, the e-mail address or the name of this service, perhaps repeated or reversed."""

    kind = Kind.INVALID
    code = "password_is_name"
    detail = (
        "The password is made of the user name, the e-mail address or the name of this service. "
        "Choose something that others do not know."
    )


class PasswordBreachedError(DomainError):
    """The password leaked from another service: attackers try all of these (``PASSWORD_BREACHES``)."""

    kind = Kind.INVALID
    code = "password_breached"
    detail = "This password is known from a leak of another service. Choose another, such as four random words."
