"""Read the users of Keycloak's realm export: ``kc.sh export --realm NAME --users same_file``. Pure.

PBKDF2 and Argon2 hashes are converted to the formats of passlib and PHC. Realm roles are not imported.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import IO, Any, Final

from doorward.domain.administration.importing import members
from doorward.domain.administration.importing.json_elements import read_elements, read_object
from doorward.domain.administration.importing.models import ForeignUser, Line, LineCode
from doorward.domain.administration.importing.readers import read_users

_DIGESTS: Final = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}
_ARGON2_VERSIONS: Final = {"1.3": "19", "1.0": "16"}


def read_keycloak(file: IO[bytes]) -> Generator[Line | None]:
    """Yield the users of a Keycloak realm."""
    return read_users(read_elements(file, member="users"), _user)


def _user(each: Mapping[str, Any]) -> ForeignUser | LineCode:
    password_hash = _password_hash(each)
    if isinstance(password_hash, LineCode):
        return password_hash
    return ForeignUser(
        email=members.text(each, "email") or "",
        username=members.text(each, "username"),
        password_hash=password_hash,
        external_id=members.text(each, "id"),
        id=members.text(each, "id"),
        is_verified=members.boolean(each, "emailVerified", default=False),
        created_at=members.milliseconds(each, "createdTimestamp"),
        is_active=members.boolean(each, "enabled", default=True),
    )


def _password_hash(user: Mapping[str, Any]) -> str | LineCode | None:
    """Return the hash of the user's password, or None for a user without one."""
    credentials = user.get("credentials") or []
    if not isinstance(credentials, Sequence) or not all(isinstance(each, dict) for each in credentials):
        raise members.OtherTypeError
    password = next((each for each in credentials if each.get("type") == "password"), None)
    if password is None:
        return None
    data, secret = _parsed_object(password, "credentialData"), _parsed_object(password, "secretData")
    algorithm = members.text(data, "algorithm") or ""
    value, salt = members.text(secret, "value") or "", members.text(secret, "salt") or ""
    iterations = members.identifier(data, "hashIterations") or ""
    if algorithm in _DIGESTS:
        return f"$pbkdf2-{_DIGESTS[algorithm]}${iterations}${_unpadded(salt)}${_unpadded(value)}"
    if algorithm == "argon2":
        parameters = members.json_object(data, "additionalParameters")
        variant, version = _first(parameters, "type"), _ARGON2_VERSIONS.get(_first(parameters, "version"), "")
        costs = f"m={_first(parameters, 'memory')},t={iterations},p={_first(parameters, 'parallelism')}"
        return f"$argon2{variant}$v={version}${costs}${_unpadded(salt)}${_unpadded(value)}"
    return LineCode.HASH_UNSUPPORTED


def _parsed_object(password: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object that a credential contains as a JSON string."""
    found = read_object(members.text(password, name) or "")
    if isinstance(found, LineCode):
        raise members.OtherTypeError
    return found


def _first(parameters: Mapping[str, Any], name: str) -> str:
    """Return the first value of a parameter, which is a list."""
    values = parameters.get(name)
    if not isinstance(values, list) or not values or not isinstance(values[0], str):
        raise members.OtherTypeError
    return values[0]


def _unpadded(text: str) -> str:
    return text.rstrip("=")
