"""The use cases of administration, built from the settings."""

from doorward.api.services import AdministrationServices
from doorward.domain.administration.roles import Roles
from doorward.wiring.foundation import Foundation


def create_administration(base: Foundation) -> AdministrationServices:
    """Return the use cases."""
    return AdministrationServices(roles=Roles(database=base.database, clock=base.clock))
