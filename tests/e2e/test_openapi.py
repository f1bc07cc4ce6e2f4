"""The OpenAPI document against the running service: Schemathesis with valid and invalid data for every call."""

from pathlib import Path

from development.client import ApiClient
from development.proof.fuzz import PASSWORD, USERNAME, run_schemathesis
from tests.e2e.people import new_person
from tests.e2e.stack import Service

EXAMPLES = 10
"""Of each call; `inv prove --only fuzz` tries 1,000."""


async def test_no_generated_request_gets_a_server_error_or_an_undocumented_answer(
    service: Service, client: ApiClient, tmp_path: Path
) -> None:
    finished = run_schemathesis(service.base_url, EXAMPLES, tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    paths = (await client.call("GET", "/openapi.json")).json()["paths"]
    total = sum(len(calls) for calls in paths.values())
    assert total > 15
    assert f"{total} selected / {total} total" in finished.stdout
    # The calls on items were let in: some made items, and the import took the example of its description.
    access_token = (await client.log_in(new_person(USERNAME, PASSWORD))).access
    made = (await client.items(access_token, params={"owner": "me", "page_size": "100"})).json()
    imported = (await client.items(access_token, params={"owner": "me", "title": "The Third Man"})).json()
    assert made["pagination"]["total_items"] > imported["pagination"]["total_items"] > 0
