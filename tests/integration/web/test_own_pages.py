"""The pages of the own account, which a signed-in user views and changes with the browser's session."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from development.client import PASSWORD
from doorward.domain.auth.callers import caller_in_browser
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from tests.integration.accounts.own_account import remove_address
from tests.integration.oauth.browsers import Browser, application
from tests.integration.oauth.provider import Provider
from tests.integration.passkeys.keyring import ORIGIN
from tests.integration.service import MakeService, Service
from tests.integration.web.visitor import (
    AGAIN,
    LOGIN,
    OWN,
    SECOND_STEP,
    Visitor,
    code_of,
    is_live,
    new_visitor,
    protected_visitor,
)

OVERVIEW = "/account/overview"
SESSIONS = "/account/sessions"
ENDED = """
    SELECT session_id, data->>'reason' AS reason, personal FROM audit_events
    WHERE type = 'session.ended' AND user_id = %s
"""
DATA = "/account/your-data"
STALE = timedelta(minutes=5, seconds=1)
NEW_PASSWORD = "four other random words"


def browser_at(site: Service) -> Browser:
    """Return another browser with the base URL of this service."""
    browser = Browser(Provider(site))
    browser.http.base_url = ORIGIN
    return browser


async def test_the_account_url_leads_through_the_sign_in_to_its_first_page(site: Service) -> None:
    someone = Visitor(site, await site.register())
    shown = await someone.open("/account")
    assert (shown.title, shown.form("sign-in").fields["next"]) == (LOGIN, OVERVIEW)
    shown = await someone.sign_in(OVERVIEW)
    assert (shown.title, someone.person.email in shown.text) == ("Your account", True)


async def test_a_name_is_changed_with_a_fresh_proof_and_confirmed_once(site: Service) -> None:
    someone = await new_visitor(site)
    await someone.open(OVERVIEW)
    name = f"{someone.person.username[:20]}-b"
    shown = await someone.send("change-username", username=name)
    assert (name in shown.text, "user name is changed" in shown.text) == (True, True)
    assert "user name is changed" not in (await someone.open(OVERVIEW)).text
    refused = await someone.send("change-username", username="x")
    assert (refused.status, "3 to 32" in refused.text) == (422, True)
    site.clock.advance(STALE)
    shown = await someone.send("change-username", username=someone.person.username)
    assert (shown.title, AGAIN in shown.text) == (LOGIN, True)


async def test_a_password_is_changed_and_only_this_browser_stays(site: Service) -> None:
    someone = await new_visitor(site)
    other = Visitor(site, someone.person)
    await other.sign_in()
    await someone.open(OVERVIEW)
    refused = await someone.send("change-password", current_password="not this one", new_password=NEW_PASSWORD)
    assert (refused.status, "current password is wrong" in refused.text) == (422, True)
    refused = await someone.send("change-password", current_password=PASSWORD, new_password="password")
    assert (refused.status, NEW_PASSWORD in refused.answer.text) == (422, False)
    before = someone.cookie
    shown = await someone.send("change-password", current_password=PASSWORD, new_password=NEW_PASSWORD)
    assert "password is changed" in shown.text
    live = [await is_live(site, each) for each in (before, other.cookie, someone.cookie)]
    assert live == [False, False, True]
    assert (await site.post_token(someone.person.username, PASSWORD)).status_code == 401
    assert (await site.post_token(someone.person.username, NEW_PASSWORD)).status_code == 200


@pytest.mark.parametrize("stay", ["on", ""])
async def test_a_change_of_the_password_keeps_whether_the_browser_stays_signed_in(site: Service, stay: str) -> None:
    someone = Visitor(site, await site.register())
    await someone.open(OVERVIEW)
    await someone.send("sign-in", username=someone.person.username, password=PASSWORD, stay=stay)
    before = someone.cookie
    await someone.send("change-password", current_password=PASSWORD, new_password=NEW_PASSWORD)
    assert someone.cookie != before
    (cookie,) = [each for each in someone.http.cookies.jar if each.name == "__Host-doorward_session"]
    assert (cookie.expires is not None) == (stay == "on")


async def test_a_user_without_address_and_password_stays_signed_in_after_the_password_form(site: Service) -> None:
    someone = await new_visitor(site)
    remove_address(site, someone.person)
    shown = await someone.open(OVERVIEW)
    assert "The account has none." in shown.text
    refused = await someone.send("change-password", current_password=PASSWORD, new_password=NEW_PASSWORD)
    assert (refused.status, "current password is wrong" in refused.text) == (422, True)
    assert await is_live(site, someone.cookie)


async def test_sessions_of_browsers_applications_and_programs_are_listed_and_ended(site: Service) -> None:
    someone = await new_visitor(site)
    app = await application(Provider(site), name="Film list")
    tokens = await app.tokens(browser_at(site), someone.person)
    pair = await site.log_in(someone.person)
    shown = await someone.open(SESSIONS)
    assert ("This browser" in shown.text, "Film list" in shown.text) == (True, True)
    assert len([form for form in shown.forms if form.action == "end-session"]) == 3
    statuses = []
    for form in [form for form in shown.forms if form.action == "end-session"]:
        shown = await someone.post("end-session", form.fields)
        statuses.append(shown.status)
    assert "end-session" not in shown.actions()
    # The application's session ended with the browser's, so it can no longer be ended.
    assert sorted(statuses) == [200, 200, 422]
    assert ended_of(site, someone) == ("owner", 3)
    assert (await site.get_me(pair.access)).status_code == 401
    assert (await app.refresh(tokens["refresh_token"])).status_code == 400
    assert await is_live(site, someone.cookie)


def ended_of(site: Service, someone: Visitor) -> tuple[str, int]:
    """Return why a person's sessions ended, and their number; each end is recorded with its id and client address."""
    rows = site.sql(ENDED, someone.person.id)
    ((reason, address),) = {(row["reason"], row["personal"]["client"]) for row in rows}
    assert address == "203.0.113.7"
    assert None not in {row["session_id"] for row in rows}
    assert len({row["session_id"] for row in rows}) == len(rows)
    return reason, len(rows)


async def test_ending_all_others_keeps_this_session_and_its_proofs(site: Service) -> None:
    someone, _, _ = await protected_visitor(site)
    pair = await site.log_in((await new_visitor(site)).person)
    other, before = Visitor(site, someone.person), someone.cookie
    await other.sign_in()
    await someone.open(SESSIONS)
    shown = await someone.send("end-other-sessions")
    assert "signed out everywhere else" in shown.text
    assert (await is_live(site, before), await is_live(site, someone.cookie)) == (False, True)
    assert (await site.get_me(pair.access)).status_code == 200
    rows = site.sql(
        "SELECT acr, amr FROM browser_sessions JOIN users ON users.id = user_id AND session_epoch = epoch"
        " WHERE user_id = %s",
        someone.person.id,
    )
    assert [(row["acr"], sorted(row["amr"])) for row in rows] == [(2, ["mfa", "otp", "pwd"])]
    assert len(
        site.sql("SELECT 1 FROM audit_events WHERE type = 'session.all_ended' AND user_id = %s", someone.person.id)
    )


async def test_the_session_of_another_person_is_not_ended(site: Service) -> None:
    someone, stranger = await new_visitor(site), await new_visitor(site)
    (row,) = site.sql("SELECT id FROM browser_sessions WHERE user_id = %s", stranger.person.id)
    fields = (await someone.open(SESSIONS)).form("end-other-sessions").fields
    for session_id in (str(row["id"]), "x", ""):
        refused = await someone.post("end-session", {**fields, "session_id": session_id})
        assert (refused.status, "no live session" in refused.text) == (422, True)
    assert await is_live(site, stranger.cookie)


async def test_signing_out_everywhere_ends_this_session_too(site: Service) -> None:
    someone = await new_visitor(site)
    other, cookie = Visitor(site, someone.person), someone.cookie
    await other.sign_in()
    await someone.open(OVERVIEW)
    assert (await someone.send("sign-out-everywhere")).title == "Signed out"
    assert [await is_live(site, each) for each in (cookie, other.cookie)] == [False, False]


async def test_the_consent_for_an_application_is_revoked(site: Service) -> None:
    someone = await new_visitor(site)
    app = await application(Provider(site), name="Film <list>")
    tokens = await app.tokens(browser_at(site), someone.person)
    shown = await someone.open("/account/applications")
    assert ("Film <list>" in shown.text, "See your user name" in shown.text) == (True, True)
    shown = await someone.send("remove-consent")
    assert ("nothing for you any more" in shown.text, "Film" in shown.text) == (True, False)
    assert (await app.refresh(tokens["refresh_token"])).status_code == 400
    refused = await someone.post("remove-consent", {**shown.form("sign-out").fields, "client_id": app.id})
    assert refused.status == 422


async def test_downloading_the_data_needs_a_fresh_proof(site: Service) -> None:
    someone = await new_visitor(site)
    form = (await someone.open(DATA)).form("download").fields
    answer = await someone.http.post("/account/download", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.headers["content-disposition"] == 'attachment; filename="account.json"'
    assert json.loads(answer.text)["account"]["username"] == someone.person.username
    site.clock.advance(STALE)
    shown = await someone.post("download", form)
    assert (shown.title, AGAIN in shown.text) == (LOGIN, True)


async def test_deleting_an_account_needs_a_fresh_proof_and_it_can_be_restored(site: Service) -> None:
    someone, application_code, _ = await protected_visitor(site)
    await someone.open(DATA)
    site.clock.advance(STALE)
    shown = await someone.send("delete")
    assert (shown.title, AGAIN in shown.text) == (LOGIN, True)
    await someone.sign_in_again()
    shown = await someone.send("second-factor", code=code_of(application_code, site))
    cookie = someone.cookie
    assert (await someone.send("delete")).title == "Your account will be deleted"
    assert (await is_live(site, cookie), someone.cookie) == (False, "")
    await someone.open("/account/restore")
    shown = await someone.send("restore", username=someone.person.username, password=someone.person.password)
    assert shown.title == "Account restored"


async def test_a_form_token_of_one_page_is_refused_by_another(site: Service) -> None:
    someone = await new_visitor(site)
    theirs = (await someone.open(SESSIONS)).form("end-other-sessions").fields
    await someone.open(DATA)
    refused = await someone.post("delete", theirs)
    assert (refused.status, "open for too long" in refused.text) == (422, True)
    assert await is_live(site, someone.cookie)


@pytest.mark.parametrize("end", ["epoch", "expiry", "deactivation", "row"])
async def test_a_session_that_ends_after_authentication_changes_nothing(site: Service, end: str) -> None:
    someone, services = await new_visitor(site), site.app.state.services
    session = await services.provider.browser_sessions.find(someone.cookie)
    caller = caller_in_browser(session)
    statements = {
        "epoch": "UPDATE users SET session_epoch = session_epoch + 1 WHERE id = %s",
        "expiry": "UPDATE browser_sessions SET expires_at = created_at WHERE user_id = %s",
        "deactivation": "UPDATE users SET is_active = false WHERE id = %s",
        "row": "DELETE FROM browser_sessions WHERE user_id = %s",
    }
    site.sql(statements[end], someone.person.id)
    own = services.own_account
    with pytest.raises(InvalidAccessTokenError):
        await own.profiles.update(caller, f"{someone.person.username[:20]}-c", lambda _: True)
    with pytest.raises(InvalidAccessTokenError):
        await own.password_change.change(caller, current_password=PASSWORD, new_password=NEW_PASSWORD)
    with pytest.raises(InvalidAccessTokenError):
        await own.session_ending.end_others_and_go_on(caller)
    changed = "SELECT 1 FROM audit_events WHERE type = 'user.password_changed' AND user_id = %s"
    assert site.sql(changed, session.user_id) == []


async def test_a_remembered_device_is_not_enough_for_a_change(make_service: MakeService) -> None:
    service = await make_service(public_url=ORIGIN, remembered_device_days=30)
    someone, application_code, _ = await protected_visitor(service)
    await someone.sign_in()
    await someone.send("second-factor", code=code_of(application_code, service), remember="on")
    # After a new sign-in on that device, the password is enough to view the page but not to change anything.
    someone.http.cookies.delete("__Host-doorward_session")
    await someone.open()
    shown = await someone.sign_in_again()
    assert shown.title == OWN
    shown = await someone.send("make-recovery-codes")
    assert AGAIN in shown.text
    shown = await someone.sign_in_again()
    assert shown.title == SECOND_STEP
