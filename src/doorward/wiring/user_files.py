"""Build the import and the export of users from the settings."""

from doorward.core.ports import Clock, Database, SnapshotDatabase
from doorward.domain.administration.exporting.user_export import UserExport
from doorward.domain.administration.importing.auth0 import read_auth0
from doorward.domain.administration.importing.django import read_django
from doorward.domain.administration.importing.firebase import FirebaseReader
from doorward.domain.administration.importing.keycloak import read_keycloak
from doorward.domain.administration.importing.own_files import read_csv, read_ndjson
from doorward.domain.administration.importing.supabase import read_supabase
from doorward.domain.administration.importing.user_import import UserImport
from doorward.domain.administration.repositories import Connection
from doorward.settings.imported_hashes import ImportedHashSettings
from doorward.wiring.foreign_hashes import create_foreign_hashes


def create_user_import(settings: ImportedHashSettings, database: Database[Connection], clock: Clock) -> UserImport:
    """Return the import of users, with the readers of all formats."""
    firebase = FirebaseReader(
        salt_separator=settings.firebase_salt_separator,
        rounds=settings.firebase_rounds,
        mem_cost=settings.firebase_mem_cost,
    )
    return UserImport(
        database=database,
        clock=clock,
        hashes=create_foreign_hashes(settings),
        readers={
            "csv": read_csv,
            "ndjson": read_ndjson,
            "keycloak": read_keycloak,
            "auth0": read_auth0,
            "firebase": firebase,
            "supabase": read_supabase,
            "django": read_django,
        },
    )


def create_user_export(database: SnapshotDatabase[Connection], clock: Clock) -> UserExport:
    """Return the export of users."""
    return UserExport(database=database, clock=clock)
