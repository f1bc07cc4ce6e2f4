"""Compare sessions with a model in short random walks; `inv prove` does longer ones."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from development.proof.model.exploration import MODES
from development.proof.model.fault import Fault
from development.proof.model.faults import FAULTS
from development.proof.model.planting import ROOT, planted, walked
from tests.integration.service import MakeDatabase

WALKS = 15
WALKS_TO_A_PLANTED_FAULT = 100
STEPS = 50
SEED = 20260301


def walking(database_url: str, mode: str) -> subprocess.Popen[str]:
    """Start the walks of one mode in a process that is not slowed down by measuring coverage."""
    command = [sys.executable, "-m", "development.proof.model", "--mode", mode, "--database", database_url]
    command += ["--walks", str(WALKS), "--steps", str(STEPS), "--seed", str(SEED)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture(scope="module")
def walks(make_database: MakeDatabase) -> Iterator[Mapping[str, subprocess.Popen[str]]]:
    """The walks of both modes, run concurrently, because each waits for PostgreSQL half of the time."""
    with contextlib.ExitStack() as stack:
        begun = {}
        for mode in MODES:
            begun[mode] = stack.enter_context(walking(make_database(migrated=True), mode))
            stack.callback(begun[mode].kill)
        yield begun


@pytest.mark.parametrize("mode", MODES)
def test_the_service_agrees_with_the_model(walks: Mapping[str, subprocess.Popen[str]], mode: str) -> None:
    said, _ = walks[mode].communicate()
    if walks[mode].returncode != 0:
        pytest.fail(said, pytrace=False)
    walked_so_far = re.search(
        r"^model, (\w+): (\d+) walks of (\d+) steps .*: all as the model says$", said, re.MULTILINE
    )
    assert walked_so_far is not None, said
    assert walked_so_far[1] == mode
    assert int(walked_so_far[2]) >= WALKS
    assert int(walked_so_far[3]) > WALKS * STEPS // 2


def test_the_walks_find_a_planted_fault(own_database: str, tmp_path: Path) -> None:
    found = walked(planted(FAULTS[0], tmp_path), own_database, walks=WALKS_TO_A_PLANTED_FAULT, steps=STEPS)
    # The fault shows with one caller of a used token or with several.
    assert found["invariant"] in {"a refresh token gets what it is due", "one use, one successor"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.attacker_gain)
def test_each_planted_fault_compiles(fault: Fault, tmp_path: Path) -> None:
    copy = planted(fault, tmp_path) / "doorward" / fault.path
    compile(copy.read_text(encoding="utf-8"), str(copy), "exec")
