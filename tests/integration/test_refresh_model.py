"""Sessions against a model, in short; `inv prove` walks further."""

from pathlib import Path

import pytest

from development.proof.model.exploration import MODES, explore
from development.proof.model.faults import FAULTS, Fault, planted, walked
from doorward.core.logging import configure_logging

WALKS = 100
STEPS = 50
SEED = 20260301


@pytest.mark.parametrize("mode", MODES)
def test_the_service_agrees_with_the_model(own_database: str, mode: str) -> None:
    # What the walks log is another test's concern, and a third of their time.
    configure_logging("critical", "json")
    outcome = explore(own_database, mode, walks=WALKS, steps=STEPS, start=SEED)
    if outcome.violation is not None:
        raise outcome.violation
    assert outcome.tally.walks >= WALKS
    assert outcome.tally.steps > WALKS * STEPS // 2


def test_the_walks_find_a_planted_fault(own_database: str, tmp_path: Path) -> None:
    found = walked(planted(FAULTS[0], tmp_path), own_database, walks=WALKS, steps=STEPS)
    assert found["invariant"] == "a refresh token gets what it is due"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.gain)
def test_each_fault_that_is_to_be_planted_has_its_place(fault: Fault, tmp_path: Path) -> None:
    copy = planted(fault, tmp_path) / "doorward" / fault.path
    compile(copy.read_text(encoding="utf-8"), str(copy), "exec")
