"""Settings of password hashes that were created by another system."""

import base64
import binascii
from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr

from doorward.settings.published_secrets import OUTPUT_OF_GENERATOR
from doorward.settings.topic import Topic

MAXIMUM_MEMORY_MIB: Final = 512


def _check_base64(text: str) -> str:
    try:
        decoded_base64(text)
    except binascii.Error as error:
        raise ValueError("must be base64, as Firebase shows it") from error
    return text


def _check_secret_base64(secret: SecretStr) -> SecretStr:
    if not decoded_base64(_check_base64(secret.get_secret_value())):
        raise ValueError("must not be empty")
    return secret


def decoded_base64(text: str) -> bytes:
    """Return the bytes of a setting in base64 or base64url. Raises ``binascii.Error``."""
    return base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)


class ImportedHashSettings(Topic):
    """Password hashes that were created by another system and imported with its users."""

    imported_hash_memory_mib: int = Field(64, ge=8, le=MAXIMUM_MEMORY_MIB, examples=["128"])
    """Maximum memory for verifying one imported Argon2 or scrypt hash. Each processor core can verify one hash at the
    same time. A hash that needs more is refused at the import, and matches no password at a login. Django's default for
    Argon2 needs 100."""

    firebase_signer_key: Annotated[SecretStr, AfterValidator(_check_secret_base64)] | None = Field(
        None, examples=[OUTPUT_OF_GENERATOR]
    )
    """`base64_signer_key` of the Firebase project from which users are imported. Needed at the import, and as long as
    hashes of that project are stored. Needs the extra `doorward[hashes]`."""

    firebase_salt_separator: Annotated[str, AfterValidator(_check_base64)] = Field("Bw==", examples=["Bw=="])
    """`base64_salt_separator` of that project. Read at the import."""

    firebase_rounds: int = Field(8, ge=1, le=64, examples=["8"])
    """`rounds` of that project. Read at the import."""

    firebase_mem_cost: int = Field(14, ge=1, le=20, examples=["14"])
    """`mem_cost` of that project. Read at the import."""
