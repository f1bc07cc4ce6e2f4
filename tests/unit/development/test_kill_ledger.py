"""The ledger of the kill proof counts each call without a response."""

import contextlib
from pathlib import Path
from typing import get_args

import pytest

from development.proof.kills.ledger import Call, Ledger, read
from development.proof.kills.rounds import Outcome

OF_A_SESSION = ("refresh", "reuse", "revoke")


@pytest.mark.parametrize("call", get_args(Call))
def test_a_call_without_a_response_is_counted(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with contextlib.closing(Ledger(path)) as ledger:
        if call != "register":
            ledger.record_response(ledger.record_call("ada", "register"), 201)
        if call in OF_A_SESSION:
            ledger.record_response(ledger.record_call("ada", "login"), 200, "refresh-token", "access-token")
        ledger.record_call("ada", call, 0 if call in OF_A_SESSION else None)
    outcome = Outcome()
    outcome.add(read(path), [])
    assert outcome.unknown == 1
