"""Build the service that removes all second factors of a user."""

from doorward.domain.mfa.factor_reset import CodeFactors, FactorReset
from doorward.domain.mfa.notices import FactorNotices
from doorward.domain.passkeys.removal import PasskeyRemoval
from doorward.wiring.foundation import Foundation


def create_factor_reset(base: Foundation) -> FactorReset:
    """Return the service that removes second factors of all kinds."""
    return FactorReset(factors=[CodeFactors(), PasskeyRemoval()], notices=FactorNotices(base.mails))
