"""Checks and hashes of passwords are counted in the queue by client address and account.

If one were counted by neither, one client or the guesses for one account could delay all others.
"""

from dataclasses import replace
from typing import Final

import pytest

from development.client import Person, new_person
from doorward.api.services import Services
from doorward.domain.accounts.invitations import Acceptance
from doorward.domain.administration.models import OPERATOR, NewUser
from doorward.domain.auth.exceptions import InvalidCredentialsError
from doorward.domain.auth.ports import Client
from tests.integration.accounts.conftest import Mails, mails_of, token_of
from tests.integration.accounts.joining import joining_of
from tests.integration.hashers import RecordingHasher
from tests.integration.service import PARTS, MakeService

CLIENT: Final = Client("198.51.100.9")
CODE: Final = "12345678"


class Checked:
    """A person, the checks of passwords, and the new hashes."""

    def __init__(self, mails: Mails, person: Person, hasher: RecordingHasher) -> None:
        self.mails = mails
        self.person = person
        self.services: Services = mails.service.app.state.services
        self.checks = hasher.checks
        self.hashes = hasher.hashes


@pytest.fixture
async def checked(make_service: MakeService) -> Checked:
    hasher = RecordingHasher()
    mails = mails_of(await make_service(replace(PARTS, hasher=hasher)))
    return Checked(mails, await mails.service.register(), hasher)


async def test_a_login_counts_for_the_name(checked: Checked) -> None:
    await checked.services.login.login(name=checked.person.username, password=checked.person.password, client=CLIENT)
    assert checked.checks == [(CLIENT.address, checked.person.username.lower())]


async def test_a_mailed_token_with_the_password_counts_for_the_user(checked: Checked) -> None:
    token = token_of(await checked.mails.verification_mail(checked.person))
    await checked.mails.verification.verify_by_password(token, checked.person.password, client=CLIENT)
    assert checked.checks == [(CLIENT.address, checked.person.id)]


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
async def test_a_code_with_the_password_counts_for_the_name_whether_or_not_it_exists(
    checked: Checked, *, is_known: bool
) -> None:
    name = checked.person.username if is_known else f"{checked.person.username}2"
    with pytest.raises(InvalidCredentialsError):
        await checked.mails.verification.verify_by_name_and_code(name, "not the password", CODE, client=CLIENT)
    assert checked.checks == [(CLIENT.address, name.lower())]


async def test_a_reauthentication_counts_for_the_name(checked: Checked) -> None:
    caller = await checked.mails.caller(checked.person)
    checked.checks.clear()
    await checked.services.own_account.reauthentication.reauthenticate(caller, checked.person.password, client=CLIENT)
    assert checked.checks == [(CLIENT.address, checked.person.username.lower())]


async def test_both_hashes_of_a_change_of_the_password_count_for_the_name(checked: Checked) -> None:
    caller = await checked.mails.caller(checked.person)
    checked.checks.clear()
    checked.hashes.clear()
    await checked.services.own_account.password_change.change(
        caller, current_password=checked.person.password, new_password="another good passphrase", client=CLIENT
    )
    assert checked.checks == checked.hashes == [(CLIENT.address, checked.person.username.lower())]


async def test_the_hash_of_a_reset_counts_for_the_address(checked: Checked) -> None:
    token = token_of(await checked.mails.reset_mail(checked.person.email))
    checked.hashes.clear()
    await checked.mails.recovery.reset_by_token(token, "another good passphrase", client=CLIENT)
    assert checked.hashes == [(CLIENT.address, checked.person.email.lower())]


async def test_the_hash_of_a_registration_counts_for_the_address(checked: Checked) -> None:
    newcomer = new_person()
    await checked.services.registration.register(
        email=newcomer.email, username=newcomer.username, password=newcomer.password, client=CLIENT
    )
    assert checked.hashes[-1] == (CLIENT.address, newcomer.email)


async def test_the_hash_of_a_registration_by_mail_counts_for_the_address(checked: Checked) -> None:
    newcomer = new_person()
    joining = joining_of(checked.mails.service, checked.mails.clock)
    await joining.requests.request(
        email=newcomer.email, username=newcomer.username, password=newcomer.password, client=CLIENT
    )
    assert checked.hashes[-1] == (CLIENT.address, newcomer.email)


async def test_the_hash_of_an_invited_user_counts_for_the_address(checked: Checked) -> None:
    newcomer = new_person()
    joining = joining_of(checked.mails.service, checked.mails.clock)
    await joining.invite(newcomer.email)
    token, acceptance = token_of(await joining.mail(newcomer.email)), Acceptance(newcomer.username, newcomer.password)
    await joining.invitations.accept_by_token(token, acceptance, client=CLIENT)
    assert checked.hashes[-1] == (CLIENT.address, newcomer.email)


async def test_the_hash_of_a_user_whom_an_administrator_creates_counts_for_the_address(checked: Checked) -> None:
    newcomer = new_person()
    new = NewUser(newcomer.email, newcomer.username, newcomer.password)
    await checked.services.administration.users.create(OPERATOR, new, client=CLIENT)
    assert checked.hashes[-1] == (CLIENT.address, newcomer.email)
