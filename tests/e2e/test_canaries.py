"""The product writes no secret in the end-to-end tests: the search detects secrets, and covers all output."""

import pytest

from development.client import ApiClient
from tests.e2e.canaries import NAME_MARK, PASSWORD_MARK, Evidence
from tests.e2e.logs import complete_log
from tests.e2e.stack import Service, Stack, keep_what_it_wrote, wait_until

TOKEN = "dwr_AQ7n2dY5Q0m1kYb8gW3hTzUAAAAAq7Rk2vXw9Zs4Tb6Yc1Nf8Hd3Gj5Lm0Pq"


@pytest.mark.parametrize(
    "leak",
    [
        PASSWORD_MARK,
        f"user {NAME_MARK.upper()}1@EXAMPLE.com",
        f"before {TOKEN} after",
        f'{{"event":"{TOKEN[9:45]}"}}',
        "a setting",
    ],
    ids=["password", "address", "token", "piece of a token", "setting"],
)
def test_the_search_detects_each_kind_of_secret(leak: str) -> None:
    evidence = Evidence()
    evidence.remember_token(TOKEN)
    evidence.remember_secret("a setting")
    evidence.keep("log", '{"event":"http.request","correlation_id":"0af7651916cd43dd8448eb211c80319c"}')
    assert evidence.findings() == []
    evidence.keep("log", f"first line\n{leak}")
    assert {(finding.kind, finding.line) for finding in evidence.findings()} == {("log", 2)}


async def test_all_output_of_the_product_is_searched(
    stack: Stack, client: ApiClient, service: Service, evidence: Evidence
) -> None:
    """The final search is at the end of the fixture `evidence`, when no test can cause more output."""
    await client.get_me((await client.log_in()).access)
    await client.post_login(await client.register())
    await complete_log(service)
    keep_what_it_wrote(service)
    wait_until(lambda: "sessions.add_session" in stack.traces())
    evidence.keep("trace", stack.traces())
    lines = evidence.lines()
    assert all(lines[kind] > 0 for kind in ("command", "error", "log", "metric", "trace")), lines
    assert evidence.findings() == []
