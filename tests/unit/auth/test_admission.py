"""The decision whether a session may begin, as a table."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from doorward.domain.auth.models import LockedAccount, Proof
from doorward.domain.auth.sessions.admission import (
    SIGNED_IN,
    AdmissionPolicy,
    Proceed,
    RefusalReason,
    Refuse,
    SecondFactorDue,
    judge,
)

USER = uuid4()
PROOF = Proof(USER, ("pwd",), acr=1, proven_at=datetime.now(UTC), session_epoch=3)


ANY = AdmissionPolicy(requires_verified_email=False)
VERIFIED = AdmissionPolicy(requires_verified_email=True)


def account(
    *,
    is_active: bool = True,
    session_epoch: int = 3,
    is_verified: bool = True,
    must_change_password: bool = False,
    second_factor: list[str] | None = None,
) -> LockedAccount:
    return LockedAccount(
        USER,
        is_active=is_active,
        session_epoch=session_epoch,
        is_verified=is_verified,
        must_change_password=must_change_password,
        roles=None,
        second_factor=second_factor,
    )


@pytest.mark.parametrize("policy", [ANY, VERIFIED])
@pytest.mark.parametrize(
    ("account", "verdict"),
    [
        (account(), Proceed()),
        (account(session_epoch=4), Refuse(RefusalReason.OUTDATED_PROOF)),
        (account(session_epoch=2), Refuse(RefusalReason.OUTDATED_PROOF)),
        (account(is_active=False), Refuse(RefusalReason.INACTIVE_USER)),
        (account(is_active=False, session_epoch=4), Refuse(RefusalReason.INACTIVE_USER)),
        (account(must_change_password=True), Refuse(RefusalReason.PASSWORD_CHANGE_REQUIRED)),
        (account(must_change_password=True, is_active=False), Refuse(RefusalReason.INACTIVE_USER)),
        (account(must_change_password=True, session_epoch=4), Refuse(RefusalReason.OUTDATED_PROOF)),
        (account(must_change_password=True, is_verified=False), Refuse(RefusalReason.PASSWORD_CHANGE_REQUIRED)),
        (None, Refuse(RefusalReason.UNKNOWN_USER)),
    ],
)
def test_the_verdict_on_each_state_of_an_account(
    account: LockedAccount | None, verdict: Proceed | Refuse, policy: AdmissionPolicy
) -> None:
    assert judge(account, PROOF, policy) == verdict


@pytest.mark.parametrize(
    ("account", "verdict"),
    [
        (account(is_verified=False), Refuse(RefusalReason.EMAIL_NOT_VERIFIED)),
        (account(is_verified=False, is_active=False), Refuse(RefusalReason.INACTIVE_USER)),
        (account(is_verified=False, session_epoch=4), Refuse(RefusalReason.OUTDATED_PROOF)),
    ],
)
def test_an_unverified_address_is_reported_only_if_nothing_else_refuses(
    account: LockedAccount, verdict: Refuse
) -> None:
    assert judge(account, PROOF, VERIFIED) == verdict


def test_an_unverified_address_is_accepted_unless_the_policy_requires_a_verified_one() -> None:
    assert judge(account(is_verified=False), PROOF, ANY) == Proceed()


@pytest.mark.parametrize("policy", [ANY, VERIFIED])
@pytest.mark.parametrize(
    ("kinds", "methods"),
    [
        (["totp"], ("totp", "recovery-code")),
        (["passkey"], ("passkey", "recovery-code")),
        (["passkey", "totp"], ("totp", "passkey", "recovery-code")),
    ],
)
def test_one_factor_is_not_enough_for_an_account_with_a_second_factor(
    kinds: list[str], methods: tuple[str, ...], policy: AdmissionPolicy
) -> None:
    assert judge(account(second_factor=kinds), PROOF, policy) == SecondFactorDue(methods)


@pytest.mark.parametrize(
    ("proof", "policy"),
    [
        (replace(PROOF, methods=("pwd", "otp", "mfa"), acr=2), VERIFIED),
        (replace(PROOF, is_on_trusted_device=True), VERIFIED),
        (PROOF, SIGNED_IN),
    ],
)
def test_two_factors_a_trusted_device_or_the_previous_session_are_enough(proof: Proof, policy: AdmissionPolicy) -> None:
    assert judge(account(second_factor=["totp"]), proof, policy) == Proceed()


@pytest.mark.parametrize("proof", [PROOF, replace(PROOF, acr=2), replace(PROOF, is_on_trusted_device=True)])
@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (account(second_factor=["totp"], is_active=False), RefusalReason.INACTIVE_USER),
        (account(second_factor=["totp"], session_epoch=4), RefusalReason.OUTDATED_PROOF),
        (account(second_factor=["totp"], must_change_password=True), RefusalReason.PASSWORD_CHANGE_REQUIRED),
        (account(second_factor=["totp"], is_verified=False), RefusalReason.EMAIL_NOT_VERIFIED),
    ],
)
def test_no_factor_overrides_another_refusal(account: LockedAccount, reason: RefusalReason, proof: Proof) -> None:
    assert judge(account, proof, VERIFIED) == Refuse(reason)
