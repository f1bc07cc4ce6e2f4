"""Checks of new passwords: the rules of sign-up, then the passwords that leaked from other services."""

from collections.abc import Collection

from doorward.core.exceptions import ServiceUnavailableError
from doorward.domain.auth.events import BreachCheckFailed, BreachCheckPassed, BreachedPasswordRefused
from doorward.domain.auth.passwords.exceptions import PasswordBreachedError
from doorward.domain.auth.passwords.policy import check_new_password, normalize_password
from doorward.domain.auth.ports import BreachedPasswords, BreachesUnavailableError
from doorward.observability.logging import report


class NewPasswords:
    """Checks every new password: at sign-up, in a change, in a reset."""

    def __init__(
        self,
        *,
        common_passwords: Collection[str],
        breached: BreachedPasswords | None,
        accepts_unchecked: bool,
    ) -> None:
        """Store the common passwords, in NFKC and case-folded, and the source of breached ones; None for no such check.

        ``accepts_unchecked``: whether a password is accepted while the breached ones cannot be looked up.
        """
        self._common_passwords = common_passwords
        self._breached = breached
        self._accepts_unchecked = accepts_unchecked

    def check_rules(self, password: str, *, username: str, email: str) -> None:
        """Refuse a password by the rules alone. Raises the ``Password...Error`` classes."""
        check_new_password(password, username=username, email=email, common_passwords=self._common_passwords)

    async def check(self, password: str, *, username: str, email: str) -> None:
        """Refuse a password by the rules, then if it has leaked. Call it outside of transactions: it may wait.

        Raises the ``Password...Error`` classes, and ``ServiceUnavailableError`` if the breached passwords cannot be
        looked up and unchecked passwords are not accepted.
        """
        self.check_rules(password, username=username, email=email)
        if self._breached is None:
            return
        try:
            is_breached = await self._breached.contains(normalize_password(password))
        except BreachesUnavailableError as error:
            report(BreachCheckFailed(reason=error.reason, accepted=self._accepts_unchecked))
            if not self._accepts_unchecked:
                raise ServiceUnavailableError from error
            return
        if is_breached:
            report(BreachedPasswordRefused())
            raise PasswordBreachedError
        report(BreachCheckPassed())
