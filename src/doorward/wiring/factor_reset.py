"""What removes all second factors of a user, built from what the use cases are made of."""

from doorward.domain.mfa.factor_reset import CodeFactors, FactorReset
from doorward.domain.mfa.notices import FactorNotices
from doorward.domain.passkeys.removal import PasskeyRemoval
from doorward.wiring.foundation import Foundation


def create_factor_reset(base: Foundation) -> FactorReset:
    """Return what removes the factors of all kinds."""
    return FactorReset(factors=[CodeFactors(), PasskeyRemoval()], notices=FactorNotices(base.mails))
