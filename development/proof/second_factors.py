"""The calls of second factors and passkeys, with a software application and authenticator."""

import time
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pyotp

from development.client import ACCOUNT, AUTH, ApiClient
from development.proof.service import MAIL

ORIGIN: Final = MAIL["PUBLIC_URL"]
COMPLETION: Final = f"{AUTH}/second-factor"
FACTORS: Final = f"{ACCOUNT}/second-factors"
PASSKEYS: Final = f"{ACCOUNT}/passkeys"
STEP_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Application:
    """An authenticator application with the secret of an enrolment."""

    secret: str

    def code(self, step: int) -> str:
        """Return the code of a time step."""
        return pyotp.HOTP(self.secret).at(step)


def present_step() -> int:
    """Return the current time step: its code, the previous one and the next one are accepted."""
    return int(time.time()) // STEP_SECONDS


@dataclass(frozen=True, slots=True)
class FactorCall:
    """A call that can be sent repeatedly, with an access token if it belongs to a session."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    access: str | None = None

    async def send(self, api: ApiClient) -> httpx.Response:
        """Make the call; return any response."""
        options = {} if self.body is None else {"json": self.body}
        if self.access is None:
            return await api.call(self.method, self.path, **options)
        return await api.authorized(self.method, self.path, self.access, **options)


def begin_totp(access: str) -> FactorCall:
    """Begin the enrolment of an application."""
    return FactorCall("POST", f"{FACTORS}/totp", access=access)


def confirm_totp(access: str, token: str, code: str) -> FactorCall:
    """Confirm the application."""
    return FactorCall("POST", f"{FACTORS}/totp/confirm", {"token": token, "code": code}, access)


def remove_totp(access: str) -> FactorCall:
    """Remove the application."""
    return FactorCall("DELETE", f"{FACTORS}/totp", access=access)


def make_codes(access: str) -> FactorCall:
    """Get new recovery codes."""
    return FactorCall("POST", f"{FACTORS}/recovery-codes", access=access)


def complete(mfa_token: str, code: str) -> FactorCall:
    """Complete a login with a code of the application."""
    return FactorCall("POST", f"{COMPLETION}/totp", {"mfa_token": mfa_token, "code": code})


def complete_by_recovery_code(mfa_token: str, code: str) -> FactorCall:
    """Complete a login with a recovery code."""
    return FactorCall("POST", f"{COMPLETION}/recovery-code", {"mfa_token": mfa_token, "code": code})


def complete_by_passkey(mfa_token: str, credential: dict[str, Any]) -> FactorCall:
    """Complete a login with an authenticator's signature."""
    return FactorCall("POST", f"{COMPLETION}/passkey", {"mfa_token": mfa_token, "credential": credential})


def prove(access: str, **shown: object) -> FactorCall:
    """Reauthenticate with ``code`` or ``credential``."""
    return FactorCall("POST", f"{ACCOUNT}/reauthenticate", shown, access)


def creation_options(access: str) -> FactorCall:
    """Request the options with which a browser creates a passkey."""
    return FactorCall("POST", f"{PASSKEYS}/options", access=access)


def add_passkey(access: str, credential: dict[str, Any]) -> FactorCall:
    """Register a passkey."""
    return FactorCall("POST", PASSKEYS, {"credential": credential}, access)


def remove_passkey(access: str, passkey_id: str) -> FactorCall:
    """Remove a passkey."""
    return FactorCall("DELETE", f"{PASSKEYS}/{passkey_id}", access=access)


def request_options(mfa_token: str | None = None) -> FactorCall:
    """Request the options with which a browser signs in, or completes a login."""
    return FactorCall("POST", f"{AUTH}/passkeys/options", {} if mfa_token is None else {"mfa_token": mfa_token})


def sign_in(credential: dict[str, Any]) -> FactorCall:
    """Sign in with an authenticator's signature."""
    return FactorCall("POST", f"{AUTH}/passkeys/token", {"credential": credential})
