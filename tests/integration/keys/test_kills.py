"""A short run of kills while a signing key is revoked; `inv prove` runs longer."""

from collections.abc import Iterator
from typing import get_args

import psycopg
import pytest

from development.proof.kills.commits import Moment
from development.proof.kills.rounds import Outcome
from development.proof.kills.service import killable_service
from development.proof.kills.signing_keys import SIGNING, KeyRounds
from development.proof.service import ADMINISTRATION, proof_settings
from tests.integration.service import MakeDatabase

CORRUPTIONS = {
    "UPDATE signing_keys SET retires_at = now() WHERE activates_at IS NOT NULL": "(0, 1) keys of ES256 sign",
    "UPDATE signing_keys SET sealed = 'x' WHERE revoked_at IS NOT NULL": "a revoked key that is still there",
    "UPDATE signing_keys SET activates_at = now() WHERE activates_at IS NULL AND algorithm = 'RS256'": "not told once",
    "DELETE FROM signing_keys WHERE revoked_at IS NULL": "an entry of a key that is not there",
}


@pytest.fixture(scope="module")
def database_url(make_database: MakeDatabase) -> str:
    return make_database(migrated=True)


@pytest.fixture(scope="module")
def keys(database_url: str) -> Iterator[KeyRounds]:
    with killable_service(proof_settings(database_url, **ADMINISTRATION)) as service:
        yield KeyRounds(service, database_url)


@pytest.mark.parametrize("moment", get_args(Moment))
def test_after_a_kill_a_key_is_revoked_together_with_its_successors_activation_or_not_at_all(
    keys: KeyRounds, moment: Moment
) -> None:
    outcome = Outcome()
    keys.kill(moment, outcome)
    assert outcome.wrong == []
    assert outcome.unknown, "a kill without an unanswered call proves nothing"


def test_without_a_kill_all_rows_are_correct_and_the_checker_reports_corrupted_rows(
    keys: KeyRounds, database_url: str
) -> None:
    assert keys.revoke(keys.found(SIGNING, "ES256")[0]).status == 204
    assert keys.check() == []
    with psycopg.connect(database_url, autocommit=True) as connection:
        for corruption, line in CORRUPTIONS.items():
            connection.execute(corruption.encode())
            assert line in "\n".join(keys.check())
