"""A person with an authenticator application, and the calls of second factors."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self

import httpx
import pyotp

from development.client import AUTH, TOKEN, Pair, pair
from tests.integration.accounts.own_account import ACCOUNT, Owner

TOTP: Final = f"{AUTH}/second-factor/totp"
RECOVERY_CODE: Final = f"{AUTH}/second-factor/recovery-code"
FACTORS: Final = f"{ACCOUNT}/second-factors"
OWN_TOTP: Final = f"{FACTORS}/totp"
CODES: Final = f"{FACTORS}/recovery-codes"
STEP: Final = timedelta(seconds=30)


def application_of(enrolment: httpx.Response) -> pyotp.TOTP:
    """Return the application with the secret of an enrolment."""
    assert enrolment.status_code == 200, enrolment.text
    read = pyotp.parse_uri(enrolment.json()["uri"])
    assert isinstance(read, pyotp.TOTP)
    return read


@dataclass
class Protected(Owner):
    """A signed-in person whose account has a second factor."""

    application: pyotp.TOTP
    codes: list[str] = field(default_factory=list)

    @classmethod
    async def enrolled(cls, owner: Owner, *, replace: bool = False) -> Self:
        """Enrol an application in the owner's session, optionally replacing another one."""
        enrolment = await owner.call("POST", OWN_TOTP, params={"replace": replace})
        protected = cls(owner.service, owner.person, owner.pair, application_of(enrolment))
        answer = await protected.post_confirm(enrolment.json()["token"], protected.code())
        protected.pair, protected.codes = pair(answer), answer.json()["recovery_codes"]
        protected.next_step()
        return protected

    async def post_confirm(self, token: str, code: str) -> httpx.Response:
        return await self.call("POST", f"{OWN_TOTP}/confirm", json={"token": token, "code": code})

    def code(self, *, steps: int = 0) -> str:
        """Return the application's code at the service's current time."""
        return self.application.at(self.service.clock.present + steps * STEP)

    def next_step(self) -> None:
        """Wait until the application shows another code."""
        self.service.clock.advance(STEP)

    async def post_token(self, **headers: str) -> httpx.Response:
        form = {"username": self.person.username, "password": self.person.password}
        return await self.service.client.post(TOKEN, data=form, headers=headers)

    async def mfa_token(self) -> str:
        answer = await self.post_token()
        assert answer.status_code == 403, answer.text
        return str(answer.json()["mfa_token"])

    async def post_code(self, mfa_token: str, code: str, path: str = TOTP, **members: Any) -> httpx.Response:
        return await self.service.client.post(path, json={"mfa_token": mfa_token, "code": code, **members})

    async def post_recovery_code(self, mfa_token: str, code: str) -> httpx.Response:
        return await self.post_code(mfa_token, code, RECOVERY_CODE)

    async def log_in(self) -> Pair:
        answer = await self.post_code(await self.mfa_token(), self.code())
        self.next_step()
        return pair(answer)

    async def post_proof(self, code: str) -> httpx.Response:
        return await self.call("POST", f"{ACCOUNT}/reauthenticate", json={"code": code})
