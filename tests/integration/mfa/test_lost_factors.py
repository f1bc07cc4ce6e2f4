"""Each documented recovery of a user who lost the second factor, over HTTP, and calls that do not recover access."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import httpx
import pytest

from development.authenticator import Authenticator
from development.client import AUTH, new_person, pair
from doorward.commands.main import main
from doorward.domain.administration.models import OPERATOR
from tests.integration.accounts.leaving import cancel, leave, restore_token
from tests.integration.accounts.own_account import ACCOUNT, NEW_PASSWORD, Owner, is_dead, signed_in
from tests.integration.administration.administrator import USERS, signed_in_with, user
from tests.integration.mailbox import make_service_with_mail, next_mail, token_in
from tests.integration.mfa.protected import OWN_TOTP, Protected
from tests.integration.passkeys.keyring import ORIGIN, Keyring
from tests.integration.service import MakeService, Service, is_problem

EMAIL: Final = f"{ACCOUNT}/email"


@dataclass
class Rehearsal:
    """A person with an application and a passkey, who has the mailbox and the password; and an administrator."""

    protected: Protected
    keyring: Keyring
    admin: Protected
    invitation: str
    """The token of an invitation to the person's address, from before the account was created."""

    @property
    def service(self) -> Service:
        return self.protected.service

    @property
    def email(self) -> str:
        return self.protected.person.email

    async def mailed_reset(self, email: str = "") -> str:
        """Request a reset, and use the mail's link; return the password that it set."""
        email = email or self.email
        assert (await self.service.call("POST", f"{AUTH}/password/forgot", json={"email": email})).status_code == 202
        token = token_in(await next_mail(self.service, email, "Reset your password"))
        assert (await self.service.post_reset(token, NEW_PASSWORD)).status_code == 204
        return NEW_PASSWORD

    async def log_in(self, password: str = "") -> httpx.Response:
        return await self.service.post_token(self.protected.person.username, password or self.protected.person.password)


@pytest.fixture
async def rehearsal(make_service: MakeService, tmp_path: Path) -> Rehearsal:
    service = await make_service_with_mail(make_service, tmp_path, admin_requires_second_factor=True)
    person = new_person()
    invitations = service.app.state.services.administration.invitations
    invited = await invitations.create(OPERATOR, person.email, is_mailed=False)
    assert (await service.post_account(person)).status_code == 201
    owner = Owner(service, person, await service.log_in(person))
    owner.person = replace(person, id=(await owner.account())["id"])
    admin = await signed_in_with(service, "admin")
    both = [owner.person.id, admin.person.id]
    await service.write("UPDATE users SET email_verified_at = now() WHERE id = ANY(%s::uuid[])", both)
    protected = await Protected.enrolled(owner)
    keyring = Keyring(service, owner.person, protected.pair, Authenticator(ORIGIN))
    await keyring.add_passkey()
    protected.pair = keyring.pair
    return Rehearsal(protected, keyring, await Protected.enrolled(admin), invited.link.partition("#token=")[2])


async def set_up_another(owner: Owner, *, replace: bool = False) -> Protected:
    """Set up the application of a new telephone, and check that it signs in; return its holder."""
    renewed = await Protected.enrolled(owner, replace=replace)
    assert (await renewed.post_code(await renewed.mfa_token(), renewed.code())).status_code == 200
    renewed.next_step()
    return renewed


async def is_refused(lost: Protected) -> bool:
    """Return whether the application of the lost telephone is refused."""
    answer = await lost.post_code(await lost.mfa_token(), lost.code())
    return is_problem(answer, 403, "invalid_second_factor")


async def test_another_passkey_recovers_access(rehearsal: Rehearsal) -> None:
    lost, thief = rehearsal.protected, rehearsal.protected.pair
    lost.next_step()
    back = Owner(lost.service, lost.person, pair(await rehearsal.keyring.sign_in()))
    await set_up_another(back, replace=True)
    assert await is_refused(lost)
    assert await is_dead(rehearsal.service, thief)


async def test_a_recovery_code_recovers_access(rehearsal: Rehearsal) -> None:
    lost, thief = rehearsal.protected, rehearsal.protected.pair
    token = await lost.mfa_token()
    back = Owner(lost.service, lost.person, pair(await lost.post_recovery_code(token, lost.codes[0])))
    await set_up_another(back, replace=True)
    assert await is_refused(lost)
    assert await is_dead(rehearsal.service, thief)
    # The other codes stay valid: they were not on the telephone.
    assert (await lost.post_recovery_code(await lost.mfa_token(), lost.codes[1])).status_code == 200


async def test_an_administrator_can_recover_access(rehearsal: Rehearsal) -> None:
    lost = rehearsal.protected
    assert (await rehearsal.admin.call("POST", user(lost.person, "factors/reset"))).status_code == 204
    await next_mail(rehearsal.service, rehearsal.email, "A second factor of your account")
    answer = await rehearsal.log_in()
    assert answer.status_code == 200
    assert (await rehearsal.keyring.sign_in()).status_code == 401
    await set_up_another(Owner(lost.service, lost.person, pair(answer)))


async def test_the_operators_command_recovers_access_even_for_the_last_administrator(
    rehearsal: Rehearsal, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = rehearsal.admin
    environment.setenv("DATABASE_URL", rehearsal.service.database_url)
    assert await asyncio.to_thread(main, ["users", "reset-factors", lost.person.email]) == 0, capsys.readouterr().err
    back = Owner(lost.service, lost.person, pair(await lost.post_token()))
    # Administration is refused until a new factor is set up.
    assert is_problem(await back.call("GET", USERS), 403, "second_factor_needed")
    renewed = await Protected.enrolled(back)
    assert (await renewed.call("GET", USERS)).status_code == 200


async def by_mailed_reset(each: Rehearsal) -> str:
    return await each.mailed_reset()


async def by_forced_reset(each: Rehearsal) -> str:
    """An administrator forces a password reset: the mail is sent without a request."""
    assert (await each.admin.call("POST", user(each.protected.person, "password-reset"))).status_code == 204
    token = token_in(await next_mail(each.service, each.email, "Reset your password"))
    assert (await each.service.post_reset(token, NEW_PASSWORD)).status_code == 204
    return NEW_PASSWORD


async def by_email_change(each: Rehearsal) -> str:
    """The owner changes the address, and the new mailbox resets the password."""
    owner, new_email = each.protected, f"new-{each.email}"
    assert (await owner.call("POST", EMAIL, json={"new_email": new_email})).status_code == 202
    for email, subject in ((new_email, "Confirm your new"), (each.email, "Confirm the change")):
        token = token_in(await next_mail(each.service, email, subject))
        assert (await owner.call("POST", f"{EMAIL}/confirm", json={"token": token})).status_code == 200
    return await each.mailed_reset(new_email)


async def by_an_administrators_change(each: Rehearsal) -> str:
    """An administrator is persuaded to set another address, whose mailbox resets the password."""
    new_email = f"new-{each.email}"
    answer = await each.admin.call("PATCH", user(each.protected.person), json={"email": new_email})
    assert (answer.status_code, answer.json()["email_verified"]) == (200, False)
    return await each.mailed_reset(new_email)


async def by_two_changes_of_an_administrator(each: Rehearsal) -> str:
    for name in ("first", "second"):
        body = {"email": f"{name}-{each.email}"}
        assert (await each.admin.call("PATCH", user(each.protected.person), json=body)).status_code == 200
    return await each.mailed_reset(f"second-{each.email}")


async def by_deletion_and_restoration(each: Rehearsal) -> str:
    await leave(each.protected)
    assert (await cancel(each.service, await restore_token(each.protected))).status_code == 204
    return each.protected.person.password


async def by_deletion_and_reset(each: Rehearsal) -> str:
    """The new password restores the account."""
    await leave(each.protected)
    await each.mailed_reset()
    offered = await each.log_in(NEW_PASSWORD)
    assert is_problem(offered, 403, "deletion_pending")
    assert (await cancel(each.service, offered.json()["restore_token"])).status_code == 204
    return NEW_PASSWORD


async def by_invitation(each: Rehearsal) -> str:
    body = {"token": each.invitation, "username": new_person().username, "password": NEW_PASSWORD}
    answer = await each.service.call("POST", f"{AUTH}/invitations/accept", json=body)
    assert is_problem(answer, 409, "email_taken")
    return each.protected.person.password


async def by_import(each: Rehearsal) -> str:
    """A file contains the same person, with another password and as verified."""
    stranger = await signed_in(each.service)
    (row,) = each.service.sql("SELECT password_hash FROM users WHERE id = %s", stranger.person.id)
    lines: list[dict[str, object]] = [
        {"email": each.email, "username": each.protected.person.username, "email_verified": True},
        {"id": each.protected.person.id, "email": f"new-{each.email}", "username": new_person().username},
    ]
    file = "\n".join(json.dumps({**line, "password_hash": row["password_hash"]}) for line in lines).encode()
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await each.admin.call("POST", f"{USERS}/import", content=file, headers=headers)
    # The second line is another person with another id.
    assert (answer.status_code, answer.json()["stored"], answer.json()["left_out"]) == (200, 1, 1)
    return each.protected.person.password


async def by_reactivation(each: Rehearsal) -> str:
    for action in ("deactivate", "activate"):
        assert (await each.admin.call("POST", user(each.protected.person, action))).status_code == 204
    return each.protected.person.password


OTHER_CALLS: Final[dict[str, Callable[[Rehearsal], Awaitable[str]]]] = {
    "a mailed reset": by_mailed_reset,
    "a forced reset": by_forced_reset,
    "a change of the address": by_email_change,
    "an administrator's change of the address": by_an_administrators_change,
    "two changes of the address by an administrator": by_two_changes_of_an_administrator,
    "deletion and restoration": by_deletion_and_restoration,
    "deletion and a mailed reset": by_deletion_and_reset,
    "an invitation": by_invitation,
    "an import": by_import,
    "deactivation and activation": by_reactivation,
}


@pytest.mark.parametrize("name", OTHER_CALLS)
async def test_no_other_call_bypasses_the_second_factor(rehearsal: Rehearsal, name: str) -> None:
    """With the resulting password the factor is still required, and the owner's factors stay valid."""
    owner = rehearsal.protected
    password = await OTHER_CALLS[name](rehearsal)
    asked = await rehearsal.log_in(password)
    assert is_problem(asked, 403, "second_factor_required")
    assert asked.json()["methods"] == ["totp", "passkey", "recovery-code"]
    assert is_problem(await owner.post_code(asked.json()["mfa_token"], "000000"), 403, "invalid_second_factor")
    assert (await rehearsal.keyring.sign_in()).status_code == 200
    owner.next_step()
    assert (await owner.post_code(asked.json()["mfa_token"], owner.code())).status_code == 200


async def test_a_session_with_the_password_only_changes_no_address(rehearsal: Rehearsal) -> None:
    """The change would not bypass the factor either, and is refused at the start."""
    owner = rehearsal.protected
    owner.pair = await owner.reauthenticate()
    answer = await owner.call("POST", EMAIL, json={"new_email": f"new-{rehearsal.email}"})
    assert is_problem(answer, 401, "reauthentication_required")
    assert is_problem(await owner.call("DELETE", OWN_TOTP), 401, "reauthentication_required")
