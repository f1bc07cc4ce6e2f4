"""Invitations with roles: always within the inviter's rights, for one address, usable once."""

import asyncio
from typing import Any

import httpx

from development.client import PASSWORD, new_person
from tests.integration.accounts.own_account import Owner
from tests.integration.administration.administrator import INVITATIONS, give, signed_in_with, stored, user
from tests.integration.mailbox import next_mail, token_in
from tests.integration.service import Service, is_problem, mark, statuses

ACCEPT = "/api/v1/auth/invitations/accept"
BOUND_SECONDS = 60


def address() -> str:
    return f"{mark()}@example.com"


async def invite(actor: Owner, email: str, *roles: str) -> dict[str, Any]:
    answer = await actor.call("POST", INVITATIONS, json={"email": email, "roles": list(roles)})
    assert answer.status_code == 201, answer.text
    invitation: dict[str, Any] = answer.json()
    return invitation


async def test_white_space_around_an_invited_address_is_trimmed(mailing: Service) -> None:
    admin, email = await signed_in_with(mailing, "admin"), address()
    assert (await invite(admin, f"\u200b {email}\u00a0\n"))["email"] == email


def waiting_invitations(service: Service) -> int:
    """Return the number of invitation mails delayed by their rate limit."""
    query = "SELECT count(*) FROM outbox WHERE kind = 'invitation' AND due_at - now() BETWEEN '30 s' AND '90 s'"
    count: int = service.sql(query)[0]["count"]
    return count


async def accept(service: Service, token: str) -> httpx.Response:
    body = {"token": token, "username": new_person().username, "password": PASSWORD}
    return await service.client.post(ACCEPT, json=body)


async def test_an_accepted_invitation_creates_one_account_with_its_roles_and_address(mailing: Service) -> None:
    admin, email = await signed_in_with(mailing, "admin"), address()
    invitation = await invite(admin, email, "support", "auditor")
    assert (invitation["invited_by"], invitation["roles"]) == (admin.person.id, ["auditor", "support"])
    assert mailing.sql("SELECT 1 FROM users WHERE email_key = %s", email) == []
    token = token_in(await next_mail(mailing, email, "invited"))
    answers = await asyncio.gather(*(accept(mailing, token) for _ in range(6)))
    assert statuses(answers) == [201, *[422] * 5]
    (made,) = mailing.sql("SELECT id, email, roles FROM users WHERE email_key = %s", email)
    assert (made["email"], made["roles"]) == (email, ["auditor", "support"])
    events = mailing.sql("SELECT type FROM audit_events WHERE user_id = %s ORDER BY id", made["id"])
    assert [row["type"] for row in events] == [
        "user.registered",
        "user.verified",
        "user.roles_changed",
        "user.roles_changed",
        "invitation.accepted",
    ]


async def test_invitations_beyond_the_own_scopes_cannot_be_sent_revoked_or_replaced(mailing: Service) -> None:
    admin, role, email = await signed_in_with(mailing, "admin"), f"r-{mark()[:10]}", address()
    scopes = "{admin:users:read,admin:invitations:write}"
    await mailing.write("INSERT INTO roles (name, description, scopes) VALUES (%s, '', %s)", role, scopes)
    inviter = await signed_in_with(mailing, role)
    refused = await inviter.call("POST", INVITATIONS, json={"email": email, "roles": ["admin"]})
    assert is_problem(refused, 403, "beyond_own_scopes")
    assert mailing.sql("SELECT 1 FROM invitations WHERE email_key = %s", email) == []
    strong = await invite(admin, email, "admin")
    replaced = await inviter.call("POST", INVITATIONS, json={"email": email.upper()})
    assert is_problem(replaced, 403, "beyond_own_scopes")
    assert is_problem(await inviter.call("DELETE", f"{INVITATIONS}/{strong['id']}"), 403, "beyond_own_scopes")
    weak = await invite(inviter, address(), role)
    assert (await inviter.call("DELETE", f"{INVITATIONS}/{weak['id']}")).status_code == 204
    assert token_in(await next_mail(mailing, email, "invited"))


async def test_a_revoked_invitation_is_invalid_and_no_longer_listed(mailing: Service) -> None:
    admin, email = await signed_in_with(mailing, "admin"), address()
    invitation = await invite(admin, email)
    token = token_in(await next_mail(mailing, email, "invited"))
    listed = (await admin.call("GET", INVITATIONS, params={"page_size": 100})).json()
    assert invitation["id"] in [each["id"] for each in listed["invitations"]]
    assert "token" not in str(listed)
    path = f"{INVITATIONS}/{invitation['id']}"
    assert (await admin.call("DELETE", path)).status_code == 204
    assert is_problem(await admin.call("DELETE", path), 404, "invitation_not_found")
    assert is_problem(await accept(mailing, token), 422, "invalid_token")
    (event,) = mailing.sql(
        "SELECT actor FROM audit_events WHERE type = 'invitation.revoked' AND data->>'invitation_id' = %s",
        invitation["id"],
    )
    assert event["actor"] == admin.person.id


async def test_an_invitation_with_roles_is_invalid_after_its_sender_lost_the_rights(mailing: Service) -> None:
    other = await signed_in_with(mailing, "admin")
    for lose in ("demote", "deactivate", "erase"):
        inviter, email, plain = await signed_in_with(mailing, "admin"), address(), address()
        await invite(inviter, email, "admin")
        await invite(inviter, plain)
        token = token_in(await next_mail(mailing, email, "invited"))
        if lose == "demote":
            await give(mailing, inviter.person, "support")
        elif lose == "deactivate":
            await other.call("POST", user(inviter.person, "deactivate"))
        else:
            await other.call("DELETE", user(inviter.person), params={"now": "true"})
        assert is_problem(await accept(mailing, token), 422, "invalid_token"), lose
        assert mailing.sql("SELECT 1 FROM users WHERE email_key = %s", email) == []
        # An invitation without roles stays valid.
        assert (await accept(mailing, token_in(await next_mail(mailing, plain, "invited")))).status_code == 201


async def test_a_role_without_scopes_is_not_granted_after_the_sender_lost_the_rights(mailing: Service) -> None:
    """It has no effect here, but may have one in the services that read it from access tokens."""
    other, role = await signed_in_with(mailing, "admin"), f"r-{mark()[:10]}"
    await mailing.write("INSERT INTO roles (name, description, scopes) VALUES (%s, '', '{}')", role)
    for lose in ("demote", "deactivate"):
        inviter, email = await signed_in_with(mailing, "admin"), address()
        await invite(inviter, email, role)
        token = token_in(await next_mail(mailing, email, "invited"))
        if lose == "demote":
            await give(mailing, inviter.person, "support")
        else:
            await other.call("POST", user(inviter.person, "deactivate"))
        assert is_problem(await accept(mailing, token), 422, "invalid_token"), lose
        assert mailing.sql("SELECT 1 FROM users WHERE email_key = %s", email) == []


async def test_repeated_invitations_of_one_address_send_one_mail_a_minute(mailing: Service) -> None:
    admin, email = await signed_in_with(mailing, "admin"), address()
    await invite(admin, email)
    await next_mail(mailing, email, "invited")
    before = waiting_invitations(mailing)
    for _ in range(3):
        await invite(admin, email)
    async with asyncio.timeout(BOUND_SECONDS):
        while waiting_invitations(mailing) == before:  # noqa: ASYNC110 - the delivery is polled
            await asyncio.sleep(0.02)
    mails = await mailing.app.state.services.development_mails.list()
    assert len([mail for mail in mails if mail.to == email]) == 1


async def test_a_taken_or_invalid_address_is_not_invited(mailing: Service) -> None:
    admin, person = await signed_in_with(mailing, "admin"), await mailing.register()
    for body, status, code in [
        ({"email": person.email.upper()}, 409, "email_taken"),
        ({"email": "no address"}, 422, "invalid_email"),
        ({"email": address(), "roles": ["no-such-role"]}, 422, "unknown_role"),
        ({"email": address(), "username": "ada"}, 422, "invalid_request"),
    ]:
        assert is_problem(await admin.call("POST", INVITATIONS, json=body), status, code), body
    assert stored(mailing, person)["roles"] == []


async def test_without_mail_an_invitation_is_refused_and_nothing_is_stored(admin: Owner, service: Service) -> None:
    email = address()
    refused = await admin.call("POST", INVITATIONS, json={"email": email})
    assert is_problem(refused, 403, "mail_not_configured")
    assert service.sql("SELECT 1 FROM invitations WHERE email_key = %s", email) == []


async def test_the_list_of_invitations_continues_after_its_cursor(mailing: Service) -> None:
    admin = await signed_in_with(mailing, "admin")
    made = {(await invite(admin, address()))["id"] for _ in range(5)}
    found, after = [], ""
    while after is not None:
        page = (await admin.call("GET", INVITATIONS, params={"page_size": 2, "after": after})).json()
        found += [each["id"] for each in page["invitations"]]
        after = page["pagination"]["next_cursor"]
    assert made <= set(found)
    assert len(found) == len(set(found))
