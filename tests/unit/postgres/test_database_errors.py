"""No error of the driver leaves the database as anything but an unavailable service."""

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
def test_an_error_that_no_repository_expects_is_an_unavailable_service(error: type[psycopg.Error]) -> None:
    with pytest.raises(ServiceUnavailableError), faults_as_unavailable():
        raise error
