"""A person's second factors in the model, without a database and without any code of the product."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import pyotp

from development.authenticator import Authenticator
from development.proof.model.tokens import RememberedDevice

STEP_SECONDS: Final = 30
CODES: Final = 10


@dataclass(eq=False)
class OwnPasskey:
    """A passkey, its authenticator, and the last counter value seen."""

    id: str
    authenticator: Authenticator
    counter: int = 0
    is_suspended: bool = False


@dataclass(eq=False)
class OwnFactors:
    """An application, recovery codes and passkeys."""

    secret: str | None = None
    used_step: int = 0
    codes: list[str] = field(default_factory=list)
    dead_codes: list[str] = field(default_factory=list)
    """Recovery codes that were used, replaced, or removed."""
    passkeys: list[OwnPasskey] = field(default_factory=list)
    lost_passkeys: list[OwnPasskey] = field(default_factory=list)
    device: RememberedDevice | None = None
    newer_devices: int = 0
    """The number of devices that logged in after the remembered one: beyond a limit, the oldest is deleted."""

    @property
    def exist(self) -> bool:
        """Whether there is a factor, so that the password alone does not suffice."""
        return self.secret is not None or bool(self.passkeys)

    @property
    def kinds(self) -> list[str]:
        """The kinds of existing factors."""
        return ["passkey"] * bool(self.passkeys) + ["totp"] * (self.secret is not None)

    def code(self, step: int) -> str:
        """Return the application's code of a time step."""
        return pyotp.HOTP(self.secret or "").at(step)

    def replace_codes(self, codes: list[str]) -> None:
        """Record new recovery codes: the previous ones stop working."""
        self.dead_codes += self.codes
        self.codes = list(codes)

    def use_code(self) -> None:
        """Record the use of the first recovery code."""
        self.dead_codes.append(self.codes.pop(0))

    def lose_application(self) -> None:
        """Record the removal of the application, and of the codes if it was the last factor."""
        self.secret, self.used_step = None, 0
        self._lose_codes()

    def lose_passkey(self, passkey: OwnPasskey) -> None:
        """Record the removal of a passkey, and of the codes if it was the last factor."""
        self.passkeys.remove(passkey)
        self.lost_passkeys.append(passkey)
        self._lose_codes()

    def lose_all(self) -> None:
        """Record a reset."""
        self.lost_passkeys += self.passkeys
        self.passkeys = []
        self.lose_application()

    def _lose_codes(self) -> None:
        if not self.exist:
            self.replace_codes([])


def step_at(moment: datetime) -> int:
    """Return the time step (TOTP) of a moment."""
    return int(moment.timestamp()) // STEP_SECONDS
