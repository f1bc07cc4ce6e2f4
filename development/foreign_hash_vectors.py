r"""Writes hashes that other implementations make, for the tests of imported hashes.

    uv run --no-project --python 3.11 --with 'django>=5.2' --with argon2-cffi --with bcrypt --with libpass \
        python -P development/foreign_hash_vectors.py > tests/unit/infrastructure/foreign_hashes.txt

The packages are no dependencies of this project. Python 3.11 has a module for the C library's ``crypt``. The costs are
low, so that the tests are fast; lines called "default" have the costs that the implementation chooses itself.
"""

import json
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

PASSWORDS = ("correct horse battery", "\u00e9t\u00e9 \U0001f40e")


def _django() -> Iterator[tuple[str, Any]]:
    from django.conf import settings  # noqa: PLC0415 - each maker imports what it needs
    from django.contrib.auth import hashers  # noqa: PLC0415 - as above

    settings.configure()
    made_by = f"Django {version('django')}"
    for name, changes in (
        ("PBKDF2PasswordHasher", {"iterations": 1000}),
        ("PBKDF2SHA1PasswordHasher", {"iterations": 1000}),
        ("Argon2PasswordHasher", {"time_cost": 1, "memory_cost": 1024, "parallelism": 2}),
        ("ScryptPasswordHasher", {"work_factor": 1024}),
        ("BCryptPasswordHasher", {"rounds": 4}),
        ("BCryptSHA256PasswordHasher", {"rounds": 4}),
    ):
        hasher = getattr(hashers, name)()
        for attribute, value in changes.items():
            setattr(hasher, attribute, value)
        yield f"{made_by}: {name}", lambda password, hasher=hasher: hasher.encode(password, hasher.salt())
    yield (
        f"{made_by}: default PBKDF2PasswordHasher",
        lambda password: hashers.PBKDF2PasswordHasher().encode(password, "seasalt"),
    )
    yield (
        f"{made_by}: default ScryptPasswordHasher",
        lambda password: hashers.ScryptPasswordHasher().encode(password, "seasalt"),
    )


def _passlib() -> Iterator[tuple[str, Any]]:
    from passlib import hash as hashes  # noqa: PLC0415 - as above

    made_by = f"libpass {version('libpass')}"
    for name, options in (
        ("pbkdf2_sha1", {"rounds": 1000}),
        ("pbkdf2_sha256", {"rounds": 1000}),
        ("pbkdf2_sha512", {"rounds": 1000}),
        ("scrypt", {"rounds": 10}),
        ("phpass", {"rounds": 7}),
        ("django_pbkdf2_sha256", {"rounds": 1000}),
    ):
        yield f"{made_by}: {name}", getattr(hashes, name).using(**options).hash
    for kind in ("2a", "2b"):
        hasher = hashes.bcrypt_sha256.using(rounds=4, version=1, ident=kind)
        yield f"{made_by}: bcrypt_sha256 version 1, {kind}", hasher.hash
    yield f"{made_by}: phpass of WordPress", hashes.phpass.using(rounds=13).hash


def _argon2() -> Iterator[tuple[str, Any]]:
    import argon2  # noqa: PLC0415 - as above

    made_by = f"argon2-cffi {version('argon2-cffi')}"
    for kind in (argon2.Type.ID, argon2.Type.I, argon2.Type.D):
        hasher = argon2.PasswordHasher(time_cost=2, memory_cost=1024, parallelism=1, type=kind)
        yield f"{made_by}: {kind.name}", hasher.hash
    yield f"{made_by}: default", argon2.PasswordHasher().hash
    yield f"{made_by}: as Keycloak", argon2.PasswordHasher(time_cost=5, memory_cost=7168, parallelism=1).hash


def _crypt() -> Iterator[tuple[str, Any]]:
    warnings.simplefilter("ignore", DeprecationWarning)
    import crypt  # noqa: PLC0415 - as above

    salt = "$04$abcdefghijklmnopqrstuu"
    for kind in ("2a", "2b", "2y"):
        yield f"libxcrypt: {kind}", lambda password, kind=kind: crypt.crypt(password, f"${kind}{salt}")


def main() -> None:
    """Write one line of JSON for each implementation, algorithm and password."""
    for makers in (_django, _passlib, _argon2, _crypt):
        for name, make in makers():
            for password in PASSWORDS[:1] if "default" in name else PASSWORDS:
                line = {"made_by": name, "password": password, "hash": make(password)}
                sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
