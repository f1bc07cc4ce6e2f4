"""/: the name of the service and links to its documentation."""

import pytest

from doorward.api.front_page import prefers_html
from tests.integration.service import MakeService, Service

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "is_html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0, */*", False),
        ("text/html;q=x", False),
        (";;,,q=", False),
    ],
)
def test_html_is_sent_only_where_the_accept_header_names_it(accept: str, *, is_html: bool) -> None:
    assert prefers_html(accept) is is_html


async def test_a_browser_gets_an_html_page_with_working_links(lasting_service: Service) -> None:
    answer = await lasting_service.client.get("/", headers={"Accept": BROWSER})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Accept" in answer.headers["vary"]
    for path in ("/docs", "/redoc", "/openapi.json", "/health/readiness"):
        assert f'href="{path}"' in answer.text
        assert (await lasting_service.client.get(path)).status_code == 200


async def test_other_clients_get_the_same_facts_as_json(lasting_service: Service) -> None:
    answer = await lasting_service.client.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    facts = answer.json()
    assert (facts["service"], facts["documentation"], facts["openapi"]) == ("doorward", "/docs", "/openapi.json")


async def test_without_documentation_no_link_to_it_is_returned(make_service: MakeService) -> None:
    service = await make_service(docs_enabled=False)
    assert "documentation" not in (await service.client.get("/")).json()
    assert "/docs" not in (await service.client.get("/", headers={"Accept": BROWSER})).text
