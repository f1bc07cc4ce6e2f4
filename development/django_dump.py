r"""Writes what Django's ``dumpdata auth.user`` says of three invented people, for the tests of imports.

    uv run --no-project --with 'django>=5.2' --with argon2-cffi --with bcrypt python -P development/django_dump.py \
        > tests/unit/administration/django_dump.txt

The packages are no dependencies of this project.
"""

import django
from django.conf import settings
from django.core.management import call_command

PASSWORD = "correct horse battery"  # noqa: S105 - of invented people


def main() -> None:
    """Create the people in an in-memory database, and write the dump to standard output."""
    hashers = "django.contrib.auth.hashers."
    settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        PASSWORD_HASHERS=[hashers + "PBKDF2PasswordHasher", hashers + "ScryptPasswordHasher"],
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415 - only after the setup
    from django.contrib.auth.models import User  # noqa: PLC0415 - as above

    User.objects.create_superuser("ada", "ada@example.com", PASSWORD)
    User.objects.create(username="grace", email="grace@example.com", password=make_password(PASSWORD, hasher="scrypt"))
    User.objects.create_user("edsger@example.com", "edsger@example.com", None, is_active=False)
    call_command("dumpdata", "auth.user")


if __name__ == "__main__":
    main()
