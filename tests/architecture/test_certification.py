"""docs/certification.md agrees with the tests that are named after the modules of the certification suite."""

import re
from pathlib import Path
from types import ModuleType
from typing import Final

from tests.architecture.sources import text_of
from tests.integration.certification import (
    test_back_channel_logout_op,
    test_basic_op,
    test_config_op,
    test_form_post_op,
    test_rp_initiated_logout_op,
)

PAGE: Final = Path("docs/certification.md")
ROW: Final = re.compile(r"^\| `(oidcc-[a-z0-9-]+)` \| ([^|]+) \| ([^|]*)\|([^|]*)\|$", re.MULTILINE)
MODULES: Final = {"Basic": 38, "Form Post": 38, "Config": 1, "RP-Initiated Logout": 11, "Back-Channel Logout": 2}
"""The number of modules in each plan of the suite."""

TESTS: Final[dict[str, type | ModuleType]] = {
    "Basic": test_basic_op.TestBasicOp,
    "Form Post": test_form_post_op.TestFormPostOp,
    "Config": test_config_op,
    "RP-Initiated Logout": test_rp_initiated_logout_op,
    "Back-Channel Logout": test_back_channel_logout_op,
}


def rows() -> list[tuple[str, set[str], str, str]]:
    """Return module, plans, test and remark of each row."""
    found = ROW.findall(text_of(PAGE))
    return [(module, set(plans.split(", ")), test.strip(" `"), remark.strip()) for module, plans, test, remark in found]


def test_every_module_of_each_plan_is_listed_once() -> None:
    names = [module for module, *_ in rows()]
    assert len(set(names)) == len(names)
    assert {plan: sum(plan in plans for _, plans, *_ in rows()) for plan in MODULES} == MODULES


def test_every_module_has_a_test_named_after_it_or_a_remark() -> None:
    for module, _, test, remark in rows():
        assert test == f"test_{module.replace('-', '_')}" if test else remark


def test_the_plans_have_exactly_the_tests_of_the_table() -> None:
    for plan in MODULES:
        listed = {test for _, plans, test, _ in rows() if plan in plans and test}
        there = {name for name in dir(TESTS[plan]) if name.startswith("test_oidcc_")}
        assert there == listed, plan
