"""What somebody has as second factors, by the model. It knows no database and none of the product's decisions."""

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
    """A passkey, the authenticator that has it, and the counter that was seen last."""

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
    """Recovery codes that were used, or replaced, or removed."""
    passkeys: list[OwnPasskey] = field(default_factory=list)
    lost_passkeys: list[OwnPasskey] = field(default_factory=list)
    device: RememberedDevice | None = None
    newer_devices: int = 0
    """That logged in after it: of very many the oldest is forgotten."""

    @property
    def exist(self) -> bool:
        """Whether there is one: then the password alone is not enough."""
        return self.secret is not None or bool(self.passkeys)

    @property
    def kinds(self) -> list[str]:
        """The kinds that there are."""
        return ["passkey"] * bool(self.passkeys) + ["totp"] * (self.secret is not None)

    def code(self, step: int) -> str:
        """Return what the application shows in a step."""
        return pyotp.HOTP(self.secret or "").at(step)

    def replace_codes(self, codes: list[str]) -> None:
        """Note new recovery codes: those from before work no more."""
        self.dead_codes += self.codes
        self.codes = list(codes)

    def use_code(self) -> None:
        """Note that the first recovery code was used."""
        self.dead_codes.append(self.codes.pop(0))

    def lose_application(self) -> None:
        """Note that the application was removed, and with the last factor the codes."""
        self.secret, self.used_step = None, 0
        self._lose_codes()

    def lose_passkey(self, passkey: OwnPasskey) -> None:
        """Note that a passkey was removed, and with the last factor the codes."""
        self.passkeys.remove(passkey)
        self.lost_passkeys.append(passkey)
        self._lose_codes()

    def lose_all(self) -> None:
        """Note a reset."""
        self.lost_passkeys += self.passkeys
        self.passkeys = []
        self.lose_application()

    def _lose_codes(self) -> None:
        if not self.exist:
            self.replace_codes([])


def step_at(moment: datetime) -> int:
    """Return the step of applications that a moment is in."""
    return int(moment.timestamp()) // STEP_SECONDS
