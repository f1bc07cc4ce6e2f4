import secrets

import pytest

from doorward.core.ports import SealedDataError
from doorward.infrastructure.sealing import AesGcmSealer

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)


def test_sealed_data_opens_in_its_context() -> None:
    sealer = AesGcmSealer([NEW])
    assert sealer.open(sealer.seal(b"data", context=b"row 1"), context=b"row 1") == b"data"


def test_sealed_data_moved_to_another_row_does_not_open() -> None:
    sealer = AesGcmSealer([NEW])
    sealed = sealer.seal(b"data", context=b"row 1")
    with pytest.raises(SealedDataError):
        sealer.open(sealed, context=b"row 2")


def test_each_altered_byte_is_detected() -> None:
    sealer = AesGcmSealer([NEW])
    sealed = sealer.seal(b"data", context=b"")
    for position in range(len(sealed)):
        altered = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
        with pytest.raises(SealedDataError):
            sealer.open(altered, context=b"")


@pytest.mark.parametrize("length", range(34))
def test_truncated_data_does_not_open(length: int) -> None:
    sealer = AesGcmSealer([NEW])
    sealed = sealer.seal(b"data", context=b"")
    with pytest.raises(SealedDataError):
        sealer.open(sealed[: min(length, len(sealed) - 1)], context=b"")


def test_after_a_change_of_keys_old_data_opens_and_new_data_is_sealed_with_the_new_key() -> None:
    before = AesGcmSealer([OLD])
    during = AesGcmSealer([NEW, OLD])
    after = AesGcmSealer([NEW])
    assert during.open(before.seal(b"data", context=b""), context=b"") == b"data"
    assert after.open(during.seal(b"data", context=b""), context=b"") == b"data"
    with pytest.raises(SealedDataError):
        after.open(before.seal(b"data", context=b""), context=b"")


def test_equal_data_is_sealed_differently_each_time() -> None:
    sealer = AesGcmSealer([NEW])
    assert sealer.seal(b"data", context=b"") != sealer.seal(b"data", context=b"")


def test_only_data_that_the_first_key_sealed_is_current() -> None:
    sealed, outdated = AesGcmSealer([NEW]).seal(b"", context=b""), AesGcmSealer([OLD]).seal(b"", context=b"")
    sealer = AesGcmSealer([NEW, OLD])
    assert [sealer.is_current(each) for each in (sealed, outdated, b"", sealed[:3])] == [True, False, False, False]
