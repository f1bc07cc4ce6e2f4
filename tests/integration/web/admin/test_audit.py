"""The page of the audit log."""

from uuid import uuid4

import pytest

from tests.integration.service import Service
from tests.integration.web.admin.administrators import administrator, open_user, page_of, role_of
from tests.integration.web.visitor import verified

AUDIT = "/admin/audit"


async def test_the_page_of_a_user_links_to_the_audit_entries_of_the_user(office: Service) -> None:
    admin, target = await administrator(office, "admin"), await verified(office)
    await open_user(admin, target)
    shown = await admin.send("deactivate-user")
    assert f"../admin/audit?user_id={target.id}" in shown.answer.text
    shown = await admin.open(f"{AUDIT}?user_id={target.id}")
    assert shown.title == "Audit log"
    kinds = ("user.deactivated", "user.registered")
    assert [kind for kind in shown.codes if kind in kinds] == list(kinds)
    assert (f"by {admin.person.id}" in shown.text, page_of(admin.person)[1:] in shown.answer.text) == (True, True)


async def test_filters_narrow_the_list_and_are_kept_in_the_link_to_more(office: Service) -> None:
    auditor, target = await administrator(office, "auditor", at=AUDIT), await verified(office)
    office.sql(
        "INSERT INTO audit_events (type, version, user_id, actor, occurred_at, data)"
        " SELECT 'test.made', 1, %s, 'operator:ada', timestamptz '2020-03-01 12:00Z' + n * interval '1 minute', '{}'"
        " FROM generate_series(1, 21) AS n",
        target.id,
    )
    query = (
        f"{AUDIT}?user_id={target.id}&type=test.made&actor=operator:ada&since=2020-03-01T12:01&until=2020-03-01T12:30"
    )
    first = await auditor.open(query)
    assert first.codes.count("test.made") == 20
    (following,) = [line for line in first.answer.text.split('"') if "after=" in line]
    rest = await auditor.open(str(first.answer.url.join(following.replace("&amp;", "&"))))
    assert (rest.codes.count("test.made"), "Show more" in rest.text) == (1, False)
    made = "type=test.made&"
    for part in (
        "type=other",
        f"{made}actor=operator:grace",
        f"{made}until=2020-03-01T12:01",
        f"{made}since=2020-03-02T00:00",
    ):
        assert "No entry is found" in (await auditor.open(f"{AUDIT}?user_id={target.id}&{part}")).text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("user_id=x", "filters cannot be used"),
        ("since=yesterday", "filters cannot be used"),
        ("until=12", "filters cannot be used"),
        ("after=forged", "cursor"),
        (f"actor={'a' * 5000}", "filters cannot be used"),
        ("actor=%00", "No entry is found"),
        ("type=%3Cscript%3E", "No entry is found"),
    ],
)
async def test_an_invalid_search_shows_an_error_message(office: Service, query: str, words: str) -> None:
    auditor = await administrator(office, "auditor", at=AUDIT)
    shown = await auditor.open(f"{AUDIT}?{query}")
    assert (shown.title, words in shown.text, "<script>" in shown.answer.text) == ("Audit log", True, False)


async def test_without_the_scope_for_users_the_audit_page_has_no_links_to_users(office: Service) -> None:
    role, target = role_of(office, "admin:audit:read"), await verified(office)
    reader = await administrator(office, role, at=AUDIT)
    shown = await reader.open(f"{AUDIT}?user_id={target.id}")
    assert (target.id in shown.text, "admin/user?" in shown.answer.text) == (True, False)
    assert (await reader.open(f"{AUDIT}?user_id={uuid4()}")).text.count("No entry is found") == 1
