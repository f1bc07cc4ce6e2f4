"""Responses of authenticators are verified: their key, origin, relying party and challenge."""

import contextlib
import dataclasses
import hashlib
import secrets
from collections.abc import Callable
from typing import Any, Final

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from development.authenticator import EDDSA, ES256, RS256, Authenticator, Credential, decode, encode
from doorward.domain.passkeys.models import CreationResponse
from doorward.domain.passkeys.ports import CeremonyFailedError
from tests.unit.infrastructure.ceremonies import (
    CHALLENGE,
    MADE,
    RELYING_PARTY,
    SIGNED,
    STORED,
    create,
    creation_of,
    get,
    verify_assertion,
    verify_creation,
)


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_a_credential_of_each_algorithm_is_accepted(algorithm: int) -> None:
    authenticator = Authenticator(RELYING_PARTY.origin, algorithm=algorithm)
    created = verify_creation(create(authenticator))
    assert (created.sign_count, created.is_backup_eligible, created.is_backed_up) == (0, False, False)
    assert [verify_assertion(get(authenticator), created) for _ in range(2)] == [1, 2]


def test_a_synchronised_credential_without_a_counter_is_accepted() -> None:
    authenticator = Authenticator(RELYING_PARTY.origin, counts=False, is_synchronised=True)
    created = verify_creation(create(authenticator))
    assert (created.is_backup_eligible, created.is_backed_up) == (True, True)
    assert [verify_assertion(get(authenticator), created) for _ in range(2)] == [0, 0]


def test_a_signature_without_user_verification_is_accepted_only_if_none_is_required() -> None:
    authenticator = Authenticator(RELYING_PARTY.origin, verifies_user=False)
    created = verify_creation(create(authenticator))
    assert verify_assertion(get(authenticator), created, requires=False) == 1
    with pytest.raises(CeremonyFailedError):
        verify_assertion(get(authenticator), created)


@pytest.mark.parametrize(
    "origin",
    [
        "https://auth.example.com",
        "https://auth.example.com:8443/",
        "http://auth.example.com:8443",
        "https://evil.auth.example.com:8443",
        "https://auth.example.com:8443.evil.example",
        "HTTPS://auth.example.com:8443",
        "null",
        "",
    ],
)
def test_no_other_origin_is_accepted(origin: str) -> None:
    owner, page = Authenticator(RELYING_PARTY.origin), Authenticator(origin)
    created = verify_creation(create(owner))
    page.credentials = owner.credentials
    with pytest.raises(CeremonyFailedError):
        verify_assertion(get(page), created)
    with pytest.raises(CeremonyFailedError):
        verify_creation(create(page))


def test_no_credential_of_another_relying_party_is_accepted() -> None:
    authenticator = Authenticator(RELYING_PARTY.origin)
    created = verify_creation(create(authenticator))
    authenticator.credentials[0].relying_party = "example.com"
    with pytest.raises(CeremonyFailedError):
        verify_assertion(get(authenticator), created)
    with pytest.raises(CeremonyFailedError):
        verify_creation(create(authenticator, relying_party="example.com"))


def test_no_other_challenge_is_accepted() -> None:
    authenticator = Authenticator(RELYING_PARTY.origin)
    created = verify_creation(create(authenticator))
    with pytest.raises(CeremonyFailedError):
        verify_creation(create(authenticator, challenge=secrets.token_bytes(32)))
    with pytest.raises(CeremonyFailedError):
        verify_assertion(
            get(Authenticator(RELYING_PARTY.origin, credentials=authenticator.credentials[:1]), b""), created
        )


def test_a_signature_by_another_key_is_refused() -> None:
    authenticator, other = Authenticator(RELYING_PARTY.origin), Authenticator(RELYING_PARTY.origin)
    created = verify_creation(create(authenticator))
    create(other)
    with pytest.raises(CeremonyFailedError):
        verify_assertion(get(other), created)


def test_a_credential_id_that_was_not_signed_is_refused() -> None:
    response = create(Authenticator(RELYING_PARTY.origin))
    with pytest.raises(CeremonyFailedError):
        verify_creation(dataclasses.replace(response, credential_id=secrets.token_bytes(32)))


def test_a_response_to_the_other_ceremony_is_refused() -> None:
    authenticator = Authenticator(RELYING_PARTY.origin)
    response = create(authenticator)
    created, answer = verify_creation(response), get(authenticator)
    with pytest.raises(CeremonyFailedError):
        verify_assertion(dataclasses.replace(answer, client_data=response.client_data), created)
    with pytest.raises(CeremonyFailedError):
        verify_creation(dataclasses.replace(response, client_data=answer.client_data))


def with_key(change: Callable[[dict[int, Any]], object]) -> CreationResponse:
    """Return a creation whose authenticator sends another public key."""

    class Changed(Credential):
        def public_key(self) -> dict[int, Any]:
            found = super().public_key()
            change(found)
            return found

    authenticator = Authenticator(RELYING_PARTY.origin)
    sent = authenticator.create(
        {"rp": {"id": RELYING_PARTY.id}, "user": {"id": encode(b"user")}, "challenge": encode(CHALLENGE)}
    )
    made = authenticator.credentials[0]
    key = Changed(made.id, made.relying_party, made.user_handle, made.key).public_key()
    statement = cbor2.loads(decode(sent["response"]["attestationObject"]))
    head = statement["authData"][: 37 + 18 + len(made.id)]
    statement["authData"] = head + cbor2.dumps(key)
    sent["response"]["attestationObject"] = encode(cbor2.dumps(statement))
    return creation_of(sent)


def replace_key(key: dict[int, Any], other: dict[int, Any]) -> None:
    key.clear()
    key.update(other)


def test_an_unchanged_key_is_accepted() -> None:
    assert verify_creation(with_key(lambda _: None)).public_key


LONG_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key().public_numbers()


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key.update({-2: bytes(32), -3: bytes(32)}),  # not a point of the curve
        lambda key: key.update({3: -47}),  # ES256K
        lambda key: key.update({3: -65535}),  # RS1, with SHA-1
        lambda key: key.pop(1),
        lambda key: key.pop(-3),
        lambda key: key.update({1: "EC"}),
        lambda key: key.update({-2: "x"}),
        lambda key: replace_key(key, {1: 3, 3: RS256, -1: LONG_KEY.n.to_bytes(256), -2: bytes([255] * 200)}),
        lambda key: replace_key(key, {1: 3, 3: RS256, -1: bytes([255] * 4096), -2: b"\1\0\1"}),
        lambda key: replace_key(key, {1: 1, 3: EDDSA, -1: 6, -2: b"short"}),
    ],
)
def test_an_invalid_key_is_refused(change: Callable[[dict[int, Any]], object]) -> None:
    with pytest.raises(CeremonyFailedError):
        verify_creation(with_key(change))


def test_another_format_of_attestation_is_refused() -> None:
    response = create(Authenticator(RELYING_PARTY.origin))
    statement = cbor2.loads(response.attestation_object)
    for other in ("tpm", "fido-u2f", "android-safetynet", "", 7, None):
        changed = dataclasses.replace(response, attestation_object=cbor2.dumps({**statement, "fmt": other}))
        with pytest.raises(CeremonyFailedError):
            verify_creation(changed)


def test_a_self_attestation_is_accepted_only_with_a_valid_signature() -> None:
    authenticator = Authenticator(RELYING_PARTY.origin)
    response = create(authenticator)
    statement = cbor2.loads(response.attestation_object)
    key = authenticator.credentials[0]
    signature = key.sign(statement["authData"] + hashlib.sha256(response.client_data).digest())
    for proof, is_good in ((signature, True), (key.sign(b"other"), False)):
        packed = {**statement, "fmt": "packed", "attStmt": {"alg": ES256, "sig": proof}}
        changed = dataclasses.replace(response, attestation_object=cbor2.dumps(packed))
        if is_good:
            assert verify_creation(changed).credential_id == key.id
        else:
            with pytest.raises(CeremonyFailedError):
                verify_creation(changed)


@given(st.data())
def test_any_changed_assertion_is_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["client_data", "authenticator_data", "signature", "credential_id"]))
    content = dataclasses.asdict(SIGNED)[name]
    changed = data.draw(st.one_of(st.binary(max_size=200), damaged(content)))
    if changed == content or name == "credential_id":
        # The signature does not cover the credential ID, which only selects the key.
        return
    with pytest.raises(CeremonyFailedError):
        verify_assertion(dataclasses.replace(SIGNED, **{name: changed}), STORED)


@given(st.data())
def test_any_attestation_is_accepted_or_refused(data: st.DataObject) -> None:
    content = MADE.attestation_object
    nested = st.recursive(
        st.integers() | st.binary(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
    changed = data.draw(st.one_of(st.binary(max_size=400), damaged(content), nested.map(cbor2.dumps)))
    with contextlib.suppress(CeremonyFailedError):
        verify_creation(dataclasses.replace(MADE, attestation_object=changed))


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """Return a strategy of contents that are truncated or have one byte changed."""
    place = st.integers(0, len(content) - 1)
    changed = st.tuples(place, st.integers(0, 255)).map(
        lambda drawn: content[: drawn[0]] + bytes([drawn[1]]) + content[drawn[0] + 1 :]
    )
    return changed | place.map(lambda end: content[:end])


def test_deeply_nested_content_and_large_declared_lengths_are_refused() -> None:
    for content in (b"\x81" * 20_000, b"\x9b" + b"\xff" * 8, b"\x5b\x00\x00\x7f" + b"\xff" * 5, b"\xa1" * 20_000):
        with pytest.raises(CeremonyFailedError):
            verify_creation(dataclasses.replace(MADE, attestation_object=content))


def test_a_curve_that_was_not_offered_is_refused() -> None:
    point = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    key = {1: 2, 3: -35, -1: 2, -2: point.x.to_bytes(48), -3: point.y.to_bytes(48)}
    with pytest.raises(CeremonyFailedError):
        verify_creation(with_key(lambda found: replace_key(found, key)))
