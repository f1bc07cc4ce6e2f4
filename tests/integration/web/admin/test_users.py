"""The pages of users: search, one user, and the actions of administrators."""

from datetime import timedelta
from uuid import uuid4

import pytest

from development.client import PASSWORD, REGISTER, new_person
from tests.integration.administration.administrator import give, stored, trail
from tests.integration.service import Service
from tests.integration.web.admin.administrators import USERS, USERS_TITLE, administrator, open_user, page_of
from tests.integration.web.visitor import AGAIN, LOGIN, Visitor, is_live, protected_visitor, verified


async def test_a_user_page_leads_to_the_sign_in_and_back(office: Service) -> None:
    someone = Visitor(office, await verified(office))
    await give(office, someone.person, "admin")
    shown = await someone.open(page_of(someone.person))
    assert (shown.title, shown.form("sign-in").fields["next"]) == (LOGIN, page_of(someone.person))
    shown = await someone.sign_in(page_of(someone.person))
    assert (shown.title, someone.person.email in shown.text) == (someone.person.username, True)


async def test_users_are_found_by_a_part_of_the_name_and_by_filters(office: Service) -> None:
    admin, target = await administrator(office, "admin"), await verified(office)
    shown = await admin.open(f"{USERS}?q={target.username[2:]}&status=active")
    assert (shown.title, "1 found" in shown.text, target.email in shown.text) == (USERS_TITLE, True, True)
    for query in (f"q={target.username}&status=deactivated", f"q={target.username}&role=admin", "q=&role=%00"):
        assert "No user is found" in (await admin.open(f"{USERS}?{query}")).text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("q=ab", "three letters or digits"),
        ("status=tired", "filters cannot be used"),
        ("after=forged", "cursor"),
        (f"q={'a' * 5000}", "filters cannot be used"),
    ],
)
async def test_an_invalid_search_shows_an_error_message(office: Service, query: str, words: str) -> None:
    admin = await administrator(office, "admin")
    shown = await admin.open(f"{USERS}?{query}")
    assert (shown.title, words in shown.text) == (USERS_TITLE, True)


async def test_a_long_list_is_shown_in_pages(office: Service) -> None:
    admin, part = await administrator(office, "admin"), f"long{uuid4().hex[:8]}"
    for number in range(21):
        person = new_person()
        answer = await office.client.post(
            REGISTER,
            json={"email": person.email, "username": f"{part}-{number}", "password": person.password},
        )
        assert answer.status_code == 201
    first = await admin.open(f"{USERS}?q={part}")
    assert ("21 found" in first.text, first.text.count(f"{part}-")) == (True, 20)
    (following,) = [line for line in first.answer.text.split('"') if "after=" in line]
    rest = await admin.open(str(first.answer.url.join(following.replace("&amp;", "&"))))
    assert (rest.text.count(f"{part}-"), "Show more" in rest.text) == (1, False)


async def test_a_user_is_created(office: Service) -> None:
    admin, person = await administrator(office, "admin"), new_person()
    shown = await admin.send(
        "create-user", email=person.email, username=person.username, password=PASSWORD, roles="support, auditor"
    )
    assert (shown.title, "was created" in shown.text) == (person.username, True)
    assert "auditor, support" in shown.text
    assert (await office.post_token(person.username, PASSWORD)).status_code == 200
    await admin.open(USERS)
    refused = await admin.send("create-user", email=person.email, username="x", password=PASSWORD)
    assert (refused.status, PASSWORD in refused.answer.text) == (422, False)


async def test_a_user_is_changed_and_a_page_of_an_old_version_changes_nothing(office: Service) -> None:
    admin, other, target = (
        await administrator(office, "admin"),
        await administrator(office, "admin"),
        await verified(office),
    )
    await open_user(admin, target)
    await open_user(other, target)
    name = f"{target.username[:20]}-b"
    shown = await admin.send("change-user", username=name, roles="support", locale="pt-BR", external_id="4711-b")
    assert (shown.title, "was changed" in shown.text, "support" in shown.text) == (name, True, True)
    assert ("pt-BR" in shown.text, "4711-b" in shown.text) == (True, True)
    for form, typed in (("change-user", {"roles": "admin"}), ("delete-user", {}), ("delete-user", {"now": "true"})):
        assert other.page is not None
        stale = other.page.form(form).fields | {"version": "1"} | typed
        answer = await other.http.post(f"/admin/{form}", data=stale, headers={"Sec-Fetch-Site": "same-origin"})
        assert (answer.status_code, "has changed since it was read" in answer.text) == (422, True)
    row = stored(office, target)
    assert (row["username"], row["roles"], row["is_active"]) == (name, ["support"], True)
    assert (row["locale"], row["external_id"]) == ("pt-BR", "4711-b")
    await admin.send("change-user", locale="", external_id="")
    row = stored(office, target)
    assert (row["username"], row["locale"], row["external_id"]) == (name, None, None)
    assert ("user.roles_changed", admin.person.id) in trail(office, target)


async def test_a_user_is_deactivated_and_activated_and_signed_out(office: Service) -> None:
    admin, target = await administrator(office, "admin"), Visitor(office, await verified(office))
    await target.sign_in("/account/overview")
    shown = await open_user(admin, target.person)
    assert "Last used" in shown.text
    shown = await admin.send("end-sessions-of-user")
    assert ("sessions of the user have ended" in shown.text, "Last used" in shown.text) == (True, False)
    assert not await is_live(office, target.cookie)
    await target.sign_in("/account/overview")
    shown = await admin.send("deactivate-user")
    assert ("Deactivated" in shown.text, await is_live(office, target.cookie)) == (True, False)
    assert (await target.sign_in("/account/overview")).title == LOGIN
    assert "The user is active" in (await admin.send("activate-user")).text
    assert (await target.sign_in("/account/overview")).title == "Your account"


async def test_a_password_reset_is_mailed_and_failed_sign_ins_are_cleared(office: Service) -> None:
    support, target = await administrator(office, "support"), await verified(office)
    await open_user(support, target)
    assert "password has to be replaced" in (await support.send("reset-password-of-user")).text
    assert (await office.post_token(target.username, PASSWORD)).status_code == 403
    assert "sign-ins are forgotten" in (await support.send("unthrottle-user")).text
    office.set_active(target, active=False)
    refused = await support.send("reset-password-of-user")
    assert (refused.status, "Activate the user first" in refused.text) == (422, True)


async def test_removing_factors_needs_a_fresh_sign_in(office: Service) -> None:
    target, _, _ = await protected_visitor(office)
    support = await administrator(office, "support")
    assert "Authenticator application" in (await open_user(support, target.person)).text
    office.clock.advance(timedelta(minutes=5, seconds=1))
    shown = await support.send("reset-factors-of-user")
    assert (shown.title, AGAIN in shown.text) == (LOGIN, True)
    shown = await support.sign_in_again()
    assert shown.title == target.person.username
    assert "password alone signs in" in (await support.send("reset-factors-of-user")).text


async def test_a_user_is_deleted_later_or_at_once(office: Service) -> None:
    admin, target = await administrator(office, "admin"), await verified(office)
    await open_user(admin, target)
    shown = await admin.send("delete-user", now="false")
    assert ("Waits for deletion" in shown.text, "is deleted on 20" in shown.text) == (True, True)
    shown = await admin.send("delete-user", now="true")
    assert (shown.title, "deleted with all data" in shown.text) == (USERS_TITLE, True)
    assert office.sql("SELECT id FROM users WHERE id = %s", target.id) == []
    assert (await open_user(admin, target)).status == 404


async def test_acting_on_the_own_account_needs_a_fresh_proof(office: Service) -> None:
    admin = await administrator(office, "admin")
    office.clock.advance(timedelta(minutes=5, seconds=1))
    await open_user(admin, admin.person)
    shown = await admin.send("end-sessions-of-user")
    assert (shown.title, AGAIN in shown.text) == (LOGIN, True)


async def test_an_unknown_user_id_is_not_found(office: Service) -> None:
    admin = await administrator(office, "admin")
    token = (await admin.open(page_of(admin.person))).form("sign-out").fields["form_token"]
    for name in ("", "x", "\0", str(uuid4()), "<script>", "{{'QX'*3}}"):
        answer = await admin.http.get("/admin/user", params={"id": name})
        assert (answer.status_code, "<script>" in answer.text, "QXQXQX" in answer.text) == (404, False, False)
        for form in ("deactivate-user", "change-user", "delete-user"):
            answer = await admin.http.post(
                f"/admin/{form}", data={"form_token": token, "user_id": name}, headers={"Sec-Fetch-Site": "same-origin"}
            )
            assert answer.status_code == 404, (form, name, answer.text)


async def test_the_url_of_a_form_leads_to_the_list_of_users(office: Service) -> None:
    admin = await administrator(office, "admin")
    for form in ("deactivate-user", "create-user"):
        assert (await admin.open(f"/admin/{form}")).title == USERS_TITLE


async def test_pages_of_administration_are_available_in_german(office: Service) -> None:
    admin, target = await administrator(office, "admin"), await verified(office)
    shown = await admin.open(f"{page_of(target)}&ui_locales=de")
    assert "Benutzer deaktivieren" in shown.text
    shown = await admin.send("deactivate-user")
    assert ("ist deaktiviert" in shown.text, shown.title) == (True, target.username)
