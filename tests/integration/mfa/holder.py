"""A person who holds one credential of each kind, and the state changes of the account."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID, uuid4

import httpx

from development.authenticator import Authenticator
from development.client import AUTH, new_person, pair
from doorward.domain.accounts.links import AccountLinks
from doorward.domain.accounts.recovery import ResetMail
from doorward.domain.administration.models import OPERATOR, Actor
from doorward.domain.administration.user_actions import UserActions
from doorward.domain.outbox.mail import MailKind, MailOrigin, MailRequest
from doorward.wiring.accounts import create_one_time_tokens
from tests.integration.accounts.leaving import CANCEL
from tests.integration.accounts.own_account import ACCOUNT, NEW_PASSWORD, Owner
from tests.integration.mfa.protected import RECOVERY_CODE, Protected
from tests.integration.passkeys.keyring import OPTIONS, SECOND_FACTOR, Keyring, login_options, post_login
from tests.integration.service import Service

ORIGIN: Final = "http://localhost:8000"
PASSKEY: Final = "passkey"
INVITATION: Final = "invitation"
RESET: Final = "reset"
_LINKS: Final = AccountLinks(ORIGIN)


@dataclass
class Holder:
    """A person with a second factor, a pending login, a remembered device, and pending requests."""

    protected: Protected
    mfa_token: str
    device: str
    tokens: dict[str, str] = field(default_factory=dict)
    """The tokens of mailed links."""
    authenticator: Authenticator = field(default_factory=lambda: Authenticator(ORIGIN))

    @property
    def service(self) -> Service:
        return self.protected.service

    async def sign_in_by_passkey(self) -> httpx.Response:
        """Sign in with the passkey alone."""
        return await post_login(self.service, self.authenticator.get(await login_options(self.service)))

    async def complete_by_passkey(self) -> httpx.Response:
        """Complete the pending login with the passkey, if it still returns the options."""
        options = await self.service.call("POST", OPTIONS, json={"mfa_token": self.mfa_token})
        if not options.is_success:
            return options
        body = {"mfa_token": self.mfa_token, "credential": self.authenticator.get(options.json())}
        return await self.service.call("POST", SECOND_FACTOR, json=body)

    async def reset_password(self) -> httpx.Response:
        """Use a reset link, and log in with the new password if it was accepted."""
        answer = await self.service.post_reset(self.tokens[RESET], NEW_PASSWORD)
        if answer.status_code != 204:
            return answer
        return await self.service.post_token(self.protected.person.username, NEW_PASSWORD)

    async def accept_invitation(self) -> httpx.Response:
        """Use the link of an invitation that was sent to the address before the account was created."""
        body = {"token": self.tokens[INVITATION], "username": new_person().username, "password": NEW_PASSWORD}
        return await self.service.call("POST", f"{AUTH}/invitations/accept", json=body)

    async def complete_by_recovery_code(self) -> httpx.Response:
        return await self.protected.post_code(self.mfa_token, self.protected.codes[0], RECOVERY_CODE)


async def holder(service: Service, held: str = "") -> Holder:
    """Create an account with a second factor; and with a passkey, an invitation or a reset, if ``held`` requires it."""
    tokens, person = {}, new_person()
    if held == INVITATION:
        created = await service.app.state.services.administration.invitations.create(
            OPERATOR, person.email, is_mailed=False
        )
        tokens[INVITATION] = created.link.partition("#token=")[2]
    answer = await service.post_account(person)
    assert answer.status_code == 201, answer.text
    person = replace(person, id=answer.json()["id"])
    service.sql("UPDATE users SET email_verified_at = now() WHERE id = %s", person.id)
    protected = await Protected.enrolled(Owner(service, person, await service.log_in(person)))
    authenticator = await with_passkey(protected) if held == PASSKEY else Authenticator(ORIGIN)
    answer = await protected.post_code(await protected.mfa_token(), protected.code(), remember_device=True)
    protected.next_step()
    protected.pair = pair(answer)
    if held == RESET:
        tokens[RESET] = await reset_token(service, person.email)
    device = answer.headers["Doorward-Device"]
    return Holder(protected, await protected.mfa_token(), device, tokens, authenticator)


async def with_passkey(protected: Protected) -> Authenticator:
    """Add a passkey to the account; return its authenticator."""
    keyring = Keyring(protected.service, protected.person, protected.pair, Authenticator(ORIGIN))
    await keyring.add_passkey()
    protected.pair = keyring.pair
    return keyring.authenticator


async def reset_token(service: Service, email: str) -> str:
    """Return the token of a password reset mail."""
    tokens = create_one_time_tokens(service.settings.keys)
    request = MailRequest(MailKind.PASSWORD_RESET, MailOrigin.STRANGER, email=email)
    mail = await ResetMail(service.database, service.clock, tokens, _LINKS).compose(request, uuid4())
    assert mail is not None
    return mail.facts["link"].partition("#token=")[2]


async def stay(_: Holder) -> None:
    """Leave the account unchanged."""


async def unverify(each: Holder) -> None:
    each.service.sql("UPDATE users SET email_verified_at = NULL WHERE id = %s", each.protected.person.id)


async def guess(each: Holder) -> None:
    for _ in range(5):
        assert (await each.protected.post_code(each.mfa_token, "000000")).status_code == 403


async def leave(each: Holder) -> None:
    assert (await each.protected.call("POST", f"{ACCOUNT}/deletion")).status_code == 202


async def come_back(each: Holder) -> None:
    await leave(each)
    token = (await each.protected.post_token()).json()["restore_token"]
    assert (await each.service.call("POST", CANCEL, json={"restore_token": token})).status_code == 204


def by_operator(
    action: Callable[[UserActions, Actor, UUID], Awaitable[object]],
) -> Callable[[Holder], Awaitable[object]]:
    """Return a function that takes this action as an operator."""

    async def act(each: Holder) -> object:
        actions: UserActions = each.service.app.state.services.administration.user_actions
        return await action(actions, OPERATOR, UUID(each.protected.person.id))

    return act


BRINGING: Final[dict[str, Callable[[Holder], Awaitable[object]]]] = {
    "active": stay,
    "ended": by_operator(UserActions.end_sessions),
    "deactivated": by_operator(UserActions.deactivate),
    "unverified": unverify,
    "forced": by_operator(UserActions.reset_password),
    "pending": leave,
    "restored": come_back,
    "throttled": guess,
    "removed": by_operator(UserActions.reset_factors),
}
