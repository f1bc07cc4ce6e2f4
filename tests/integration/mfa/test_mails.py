"""The mails about changes of second factors, as the owner receives them."""

import asyncio
import re
from pathlib import Path
from uuid import UUID

import pytest

from development.authenticator import Authenticator
from development.client import TOKEN, pair
from doorward.domain.accounts.models import Mail
from doorward.domain.accounts.ports import DevelopmentMails
from doorward.domain.administration.models import OPERATOR
from tests.integration.accounts.own_account import signed_in
from tests.integration.mailbox import make_service_with_mail
from tests.integration.mfa.protected import CODES, OWN_TOTP, TOTP, Protected
from tests.integration.passkeys.keyring import ORIGIN, PASSKEYS, Keyring
from tests.integration.service import MakeService, Service, is_problem

SUBJECT = "A second factor of your account was changed or used"
NO_DANGER = "If it was you, there is nothing to do."
DEVICE = "Doorward-Device"


class Owner:
    """A person with an application and passkeys, who receives mails about them."""

    def __init__(self, protected: Protected) -> None:
        self.protected = protected
        self.keyring = Keyring(protected.service, protected.person, protected.pair, Authenticator(ORIGIN))

    @property
    def service(self) -> Service:
        return self.protected.service

    async def reads(self, words: str) -> Mail:
        """Wait for a mail with this text, the same in text and HTML; return it."""
        mails: DevelopmentMails = self.service.app.state.services.development_mails
        async with asyncio.timeout(60):
            while True:
                for mail in await mails.list():
                    if mail.to == self.protected.person.email and words in mail.content.text:
                        assert words in mail.content.html
                        assert mail.content.subject == SUBJECT
                        assert f"({self.service.clock.now():%Y-%m-%d} 12:0" in mail.content.text
                        return mail
                await asyncio.sleep(0.02)

    async def notices_of_devices(self, *, until: str) -> str:
        """Wait for the notice of a login by this program; return the texts of all notices of logins."""
        mails: DevelopmentMails = self.service.app.state.services.development_mails
        async with asyncio.timeout(60):
            while True:
                sent = [mail.content for mail in await mails.list() if mail.to == self.protected.person.email]
                texts = "".join(each.text for each in sent if each.subject == "A new device signed in")
                if until in texts:
                    return texts
                await asyncio.sleep(0.02)

    async def log_in_by(self, program: str, *, at: str, device: str = "") -> str:
        """Log in with a code of the application; return the token of the device."""
        form = {"username": self.protected.person.username, "password": self.protected.person.password}
        async with self.service.client_at(at) as client:
            client.headers.update({"User-Agent": program, DEVICE: device})
            step = await client.post(TOKEN, data=form)
            code = {"mfa_token": step.json()["mfa_token"], "code": self.protected.code()}
            completed = await client.post(TOTP, json=code)
        self.protected.next_step()
        return completed.headers[DEVICE]

    async def prove(self) -> None:
        """Show a code of the application in the session, as a recent proof for the next minutes."""
        self.protected.next_step()
        self.protected.pair = pair(await self.protected.post_proof(self.protected.code()))
        self.keyring.pair = self.protected.pair

    async def add_passkey(self) -> None:
        self.keyring.pair = self.protected.pair
        await self.keyring.add_passkey()
        self.protected.pair = self.keyring.pair


@pytest.fixture
async def owner(make_service: MakeService, tmp_path: Path) -> Owner:
    service = await make_service_with_mail(make_service, tmp_path)
    newcomer = await signed_in(service)
    await service.write("UPDATE users SET email_verified_at = now() WHERE id = %s", newcomer.person.id)
    return Owner(await Protected.enrolled(newcomer))


async def test_every_change_of_the_factors_is_mailed(owner: Owner) -> None:
    added = await owner.reads("An authenticator application was set up for your account")
    assert NO_DANGER in added.content.text
    assert "remove what you have not added" in added.content.text
    await owner.add_passkey()
    await owner.reads("A passkey was added to your account")
    owner.protected = await Protected.enrolled(owner.protected, replace=True)
    await owner.reads("Another authenticator application was set up for your account in place of the one before")
    await owner.prove()
    assert (await owner.protected.call("POST", CODES)).status_code == 200
    await owner.reads("New recovery codes were made for your account, and those from before no longer work")
    answer = await owner.keyring.call("DELETE", f"{PASSKEYS}/{owner.keyring.passkey_ids[0]}")
    owner.protected.pair = pair(answer)
    await owner.reads("A passkey was removed from your account")
    assert (await owner.protected.call("DELETE", OWN_TOTP)).status_code == 200
    await owner.reads("The authenticator application was removed from your account")


async def test_a_login_with_a_factor_is_mailed_only_if_the_device_is_new(owner: Owner) -> None:
    device = await owner.log_in_by("kites/1.0", at="198.51.100.1")
    await owner.log_in_by("kites/2.0", at="198.51.100.2", device=device)
    await owner.log_in_by("kites/3.0", at="198.51.100.3")
    texts = await owner.notices_of_devices(until="kites/3.0")
    told = re.findall(r"Address: (\S+)\s+Program: (\S+)", texts)
    assert sorted(told) == [("198.51.100.1", "kites/1.0"), ("198.51.100.3", "kites/3.0")]


async def test_the_use_of_a_recovery_code_is_mailed(owner: Owner) -> None:
    token = await owner.protected.mfa_token()
    assert (await owner.protected.post_recovery_code(token, owner.protected.codes[0])).status_code == 200
    mail = await owner.reads("A recovery code of your account was used, and no longer works")
    assert "reset your password where you sign in" in mail.content.text
    assert owner.protected.codes[0] not in mail.content.text


async def test_a_suspended_passkey_is_mailed_with_instructions(owner: Owner) -> None:
    await owner.add_passkey()
    credential = owner.keyring.authenticator.credentials[0]
    credential.sign_count = 50
    assert (await owner.keyring.sign_in()).status_code == 200
    credential.sign_count = 3
    assert is_problem(await owner.keyring.sign_in(), 401, "invalid_passkey")
    mail = await owner.reads("suggests that there is a copy of it: it was refused, and no longer works")
    assert "Remove it from your account and from your device" in mail.content.text
    assert NO_DANGER not in mail.content.text


async def test_a_reset_by_the_operator_is_mailed(owner: Owner) -> None:
    actions = owner.service.app.state.services.administration.user_actions
    await actions.reset_factors(OPERATOR, UUID(owner.protected.person.id))
    await owner.reads("All second factors of your account were removed by the operator of this service")
