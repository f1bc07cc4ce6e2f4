"""An unsuitable configuration of PgBouncer is refused with the remedy in one line."""

import pytest

from tests.e2e.pgbouncer import behind_pgbouncer, change_database
from tests.e2e.stack import Outcome, Stack

DATABASE = "unsuitable"
UNSUITABLE = {
    "ignore_startup_parameters": (["ignore_startup_parameters ="], "", "ignore_startup_parameters = options"),
    "statement mode": (["pool_mode = statement"], "", "pool_mode = transaction"),
    "no connect_query": (["[databases]", f"{DATABASE} = {{server}}"], "bytea_output", "connect_query"),
    "synchronous_commit": ([], "synchronous_commit", "connect_query"),
}
"""Settings of PgBouncer, the database setting that is wrong as a result, and the remedy that the refusal names."""

UNSUITABLE_VALUE = {"bytea_output": "escape", "synchronous_commit": "off"}


def assert_refused_in_one_line(outcome: Outcome, *words: str) -> None:
    assert outcome.status not in {0, None}
    (line,) = outcome.output.splitlines()
    assert line.startswith("doorward: ")
    assert all(word in line for word in words), line


@pytest.mark.parametrize("configuration", UNSUITABLE)
def test_an_unsuitable_configuration_is_refused_in_one_line(stack: Stack, configuration: str) -> None:
    settings, setting, remedy = UNSUITABLE[configuration]
    with behind_pgbouncer(stack, DATABASE, ["max_prepared_statements = 0", *settings]) as address:
        if setting:
            change_database(stack, DATABASE, {setting: UNSUITABLE_VALUE[setting]})
        # One command for each configuration is enough: both commands first make the same checks.
        command = "serve" if setting else "migrate"
        assert_refused_in_one_line(stack.run_command(command, **address), setting, remedy)
