"""The page of invitations."""

from uuid import uuid4

from development.client import new_person
from development.pages import OWN_SITE
from tests.integration.service import Service
from tests.integration.web.admin.administrators import administrator, role_of

INVITATIONS = "/admin/invitations"


async def test_an_invitation_is_sent_and_revoked(office: Service) -> None:
    # The page shows a limited number, and other tests may have left more.
    office.sql("DELETE FROM invitations")
    admin, invited = await administrator(office, "admin", at=INVITATIONS), new_person()
    shown = await admin.send("invite", email=invited.email, roles="support")
    assert (shown.title, "invitation is on its way" in shown.text) == ("Invitations", True)
    assert (invited.email in shown.text, "Roles: support." in shown.text) == (True, True)
    rows = office.sql("SELECT id, roles FROM invitations WHERE email = %s", invited.email)
    assert [row["roles"] for row in rows] == [["support"]]
    refused = await admin.send("invite", email=invited.email, roles="nothing-like-it")
    assert (refused.status, "no role of such a name" in refused.text) == (422, True)
    revoked = await admin.send("revoke-invitation", invitation_id=str(rows[0]["id"]))
    assert ("was taken back" in revoked.text, invited.email in revoked.text) == (True, False)
    assert office.sql("SELECT id FROM invitations WHERE email = %s", invited.email) == []


async def test_an_unknown_invitation_id_or_a_forged_cursor_shows_an_error_message(office: Service) -> None:
    admin = await administrator(office, "admin", at=INVITATIONS)
    assert admin.page is not None
    token = admin.page.form("sign-out").fields["form_token"]
    for name in ("", "x", "\0", str(uuid4())):
        fields = {"form_token": token, "invitation_id": name}
        answer = await admin.http.post("/admin/revoke-invitation", data=fields, headers=OWN_SITE)
        assert (answer.status_code, "This invitation is not there" in answer.text) == (422, False), answer.text
        assert 'role="alert"' in answer.text
    assert "The cursor is not one of this list" in (await admin.open(f"{INVITATIONS}?after=forged")).text


async def test_an_invitation_beyond_the_own_rights_cannot_be_revoked(office: Service) -> None:
    admin, invited = await administrator(office, "admin", at=INVITATIONS), new_person()
    await admin.send("invite", email=invited.email, roles="admin")
    (row,) = office.sql("SELECT id FROM invitations WHERE email = %s", invited.email)
    role = role_of(office, "admin:users:read", "admin:invitations:write")
    other = await administrator(office, role, at=INVITATIONS)
    shown = await other.send("revoke-invitation", invitation_id=str(row["id"]))
    assert (shown.status, "beyond your own rights" in shown.text) == (422, True)
    shown = await other.send("invite", email=invited.email, roles="")
    assert (shown.status, "beyond your own rights" in shown.text) == (422, True)
    assert office.sql("SELECT id FROM invitations WHERE id = %s", row["id"]) != []


async def test_a_long_list_is_shown_in_pages(office: Service) -> None:
    admin = await administrator(office, "admin", at=INVITATIONS)
    office.sql(
        "INSERT INTO invitations (id, email, email_key, roles, created_at, expires_at)"
        " SELECT gen_random_uuid(), 'many-' || n || '@example.com', 'many-' || n || '@example.com', '{}', %s, %s"
        " FROM generate_series(1, 21) AS n",
        office.clock.present,
        office.clock.present.replace(year=2100),
    )
    first = await admin.open(INVITATIONS)
    (following,) = [line for line in first.answer.text.split('"') if "after=" in line]
    rest = await admin.open(str(first.answer.url.join(following)))
    assert first.actions().count("revoke-invitation") == 20
    assert 0 < rest.actions().count("revoke-invitation") <= 20
