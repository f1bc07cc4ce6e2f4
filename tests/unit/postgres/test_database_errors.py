"""Every error of the driver that no repository expects is reported as an unavailable service."""

import psycopg
import pytest

from doorward.core.exceptions import ServiceUnavailableError
from doorward.infrastructure.postgres.database import faults_as_unavailable

ERRORS = [
    psycopg.Error,
    psycopg.InterfaceError,
    psycopg.DatabaseError,
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.InternalError,
    psycopg.NotSupportedError,
    psycopg.OperationalError,
    psycopg.ProgrammingError,
    psycopg.errors.CheckViolation,
    psycopg.errors.UntranslatableCharacter,
    psycopg.errors.SerializationFailure,
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.UndefinedTable,
]


@pytest.mark.parametrize("error", ERRORS)
def test_an_unexpected_error_is_reported_as_an_unavailable_service(error: type[psycopg.Error]) -> None:
    with pytest.raises(ServiceUnavailableError), faults_as_unavailable():
        raise error
