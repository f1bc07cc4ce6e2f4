"""CBOR of authenticators is checked before it is decoded: no tags, no floats, bounded in size and depth."""

import dataclasses
from typing import Final

import cbor2
import pytest

from doorward.domain.passkeys.ports import CeremonyFailedError
from tests.unit.infrastructure.ceremonies import MADE, SIGNED, STORED, verify_assertion, verify_creation

EXTENSIONS: Final = 128
"""The flag of authenticator data with extensions."""

TAGGED: Final = [cbor2.dumps(cbor2.CBORTag(number, "(?i)[b-\ufffe]")) for number in (0, 2, 28, 35, 36, 258, 55799)]
NOT_PLAIN: Final = [
    *TAGGED,
    cbor2.dumps(1.5),
    b"\xf7",  # undefined
    b"\x9f\x01\xff",  # an array without a length
    b"\x5f\x41a\xff",  # a byte string in chunks
    b"\x81" * 9 + b"\x01",
    b"\x9a\xff\xff\xff\xff",
    b"\x98\xc8" + b"\x01" * 200,
    b"\x1c",
    b"\x59\x10\x00",
]


def with_extensions(content: bytes) -> bytes:
    """Return authenticator data with this content as its extensions."""
    data = SIGNED.authenticator_data
    return data[:32] + bytes([data[32] | EXTENSIONS]) + data[33:] + content


@pytest.mark.parametrize("content", NOT_PLAIN)
def test_cbor_with_more_than_plain_content_is_not_decoded(content: bytes) -> None:
    """It is put into an attestation, its statement, the key, and the extensions of either ceremony."""
    statement = cbor2.loads(MADE.attestation_object)
    head = cbor2.dumps({"fmt": "none", "attStmt": {}})[1:]
    data = statement["authData"]
    for attestation in (
        content,
        b"\xa3" + head + cbor2.dumps("authData") + content,
        cbor2.dumps({**statement, "authData": data[: 37 + 18 + 32] + content}),
        cbor2.dumps({**statement, "authData": data[:32] + bytes([data[32] | EXTENSIONS]) + data[33:] + content}),
    ):
        with pytest.raises(CeremonyFailedError):
            verify_creation(dataclasses.replace(MADE, attestation_object=attestation))
    with pytest.raises(CeremonyFailedError, match=r"^The CBOR"):
        verify_assertion(dataclasses.replace(SIGNED, authenticator_data=with_extensions(content)), STORED)


def test_extensions_of_an_authenticator_pass_the_check() -> None:
    """Extensions of real authenticators are plain. Here only the signature, which covers them, is refused."""
    for extensions in ({"credProtect": 2}, {"hmac-secret": True}, {"uvm": [[2, 4, 2], [4, 4, 1]]}, {"largeBlob": None}):
        content = with_extensions(cbor2.dumps(extensions))
        with pytest.raises(CeremonyFailedError, match="InvalidAuthenticationResponse"):
            verify_assertion(dataclasses.replace(SIGNED, authenticator_data=content), STORED)


@pytest.mark.parametrize("length", [0, 36, 38, 54, 55, 60])
def test_truncated_authenticator_data_is_refused(length: int) -> None:
    statement = cbor2.loads(MADE.attestation_object)
    cut = cbor2.dumps({**statement, "authData": statement["authData"][:length]})
    with pytest.raises(CeremonyFailedError):
        verify_creation(dataclasses.replace(MADE, attestation_object=cut))
