"""The requests that must prove possession of a key (RFC 9449 section 7), and the single use of each proof."""

import threading
from collections.abc import Callable

import pytest

from doorward_client import BoundTokenError, InvalidProofError, InvalidTokenError, PresentedProof, UnavailableError
from doorward_client.possession import Possession, UsedProofs
from doorward_client.proofs import VerifiedProof
from doorward_client.testing import ProofKey
from tests.unit.client_library.issuer_server import Clock

URL = "https://orders.example/orders"
TOKEN = "an.access.token"


def possession(clock: Callable[[], float], *, is_required: bool = False, capacity: int = 10) -> Possession:
    return Possession(is_required=is_required, now=clock, used=UsedProofs(capacity=capacity))


def presented(key: ProofKey, clock: Clock, **claims: object) -> PresentedProof:
    return PresentedProof(key.proof("GET", URL, TOKEN, **{"iat": clock.seconds, **claims}), "GET", URL)


def test_a_bound_token_needs_a_proof_of_its_key() -> None:
    clock, key, other = Clock(), ProofKey(), ProofKey()
    it, thumbprint = possession(clock), key.confirmation["jkt"]
    it.check(TOKEN, thumbprint, presented(key, clock))
    with pytest.raises(BoundTokenError):
        it.check(TOKEN, thumbprint, None)
    with pytest.raises(InvalidTokenError, match="not bound to the key"):
        it.check(TOKEN, thumbprint, presented(other, clock))
    with pytest.raises(InvalidProofError):
        it.check("another.access.token", thumbprint, presented(key, clock))


def test_an_unbound_token_is_accepted_only_without_a_proof() -> None:
    clock, key = Clock(), ProofKey()
    possession(clock).check(TOKEN, None, None)
    with pytest.raises(InvalidTokenError, match="not bound to the key"):
        possession(clock).check(TOKEN, None, presented(key, clock))


def test_a_service_may_accept_only_bound_tokens() -> None:
    clock, key = Clock(), ProofKey()
    it = possession(clock, is_required=True)
    it.check(TOKEN, key.confirmation["jkt"], presented(key, clock))
    with pytest.raises(InvalidTokenError, match="bound to no key"):
        it.check(TOKEN, None, None)


def test_a_proof_is_accepted_once_within_its_lifetime() -> None:
    clock, key = Clock(), ProofKey()
    it, proof = possession(clock), presented(key, clock)
    thumbprint = key.confirmation["jkt"]
    it.check(TOKEN, thumbprint, proof)
    for seconds in (0, 45, 44.9):
        clock.seconds += seconds
        with pytest.raises(InvalidProofError, match="used before"):
            it.check(TOKEN, thumbprint, proof)
    clock.seconds += 0.1
    with pytest.raises(InvalidProofError, match="too old"):
        it.check(TOKEN, thumbprint, proof)


def test_a_proof_of_a_fast_clock_is_recorded_for_its_whole_lifetime() -> None:
    clock, key = Clock(), ProofKey()
    it, thumbprint = possession(clock), key.confirmation["jkt"]
    proof = presented(key, clock, iat=clock.seconds + 30)
    it.check(TOKEN, thumbprint, proof)
    clock.seconds += 119
    with pytest.raises(InvalidProofError, match="used before"):
        it.check(TOKEN, thumbprint, proof)


def test_a_jti_is_unique_for_each_key() -> None:
    clock, key, other = Clock(), ProofKey(), ProofKey()
    it = possession(clock)
    for each in (key, other):
        it.check(TOKEN, each.confirmation["jkt"], presented(each, clock, jti="the same"))
    with pytest.raises(InvalidProofError, match="used before"):
        it.check(TOKEN, key.confirmation["jkt"], presented(key, clock, jti="the same", iat=clock.seconds + 1))


def test_a_refused_proof_is_not_recorded() -> None:
    clock, key, thief = Clock(), ProofKey(), ProofKey()
    it, proof = possession(clock, capacity=1), presented(key, clock)
    for _ in range(3):
        with pytest.raises(InvalidTokenError):
            it.check(TOKEN, key.confirmation["jkt"], presented(thief, clock))
    it.check(TOKEN, key.confirmation["jkt"], proof)


def test_at_capacity_new_proofs_are_refused_and_no_recorded_one_is_dropped() -> None:
    clock, key = Clock(), ProofKey()
    it, thumbprint = possession(clock, capacity=2), key.confirmation["jkt"]
    first, second = presented(key, clock), presented(key, clock, iat=clock.seconds + 10)
    it.check(TOKEN, thumbprint, second)
    it.check(TOKEN, thumbprint, first)
    with pytest.raises(UnavailableError) as refused:
        it.check(TOKEN, thumbprint, presented(key, clock))
    assert refused.value.retry_after_seconds > 0
    for used in (first, second):
        with pytest.raises(InvalidProofError, match="used before"):
            it.check(TOKEN, thumbprint, used)
    clock.seconds += 90
    it.check(TOKEN, thumbprint, presented(key, clock))
    with pytest.raises(UnavailableError):
        it.check(TOKEN, thumbprint, presented(key, clock))


def test_of_several_threads_with_one_proof_only_one_succeeds() -> None:
    used, accepted = UsedProofs(), []
    begin = threading.Barrier(8)

    def show() -> None:
        begin.wait()
        for number in range(200):
            try:
                used.consume(VerifiedProof("x", number.to_bytes(2), 90.0), 0.0)
            except InvalidProofError:
                continue
            accepted.append(number)

    threads = [threading.Thread(target=show) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(accepted) == list(range(200))
