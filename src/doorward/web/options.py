"""Which pages exist by the settings, so that other pages link to no others."""

from collections.abc import Sequence

from doorward.core.frozen import frozen
from doorward.web.forms import SignedInPage


@frozen
class SiteOptions:
    """What this service offers to people besides signing in."""

    has_mail: bool = False
    registers: bool = False
    """Whether everybody may register."""
    has_passkeys: bool = False
    has_login_providers: bool = False
    """Whether people can sign in with other OpenID providers."""
    remembers_devices: bool = False
    """Whether a device may go without the second factor for a while."""

    @property
    def own_pages(self) -> Sequence[SignedInPage]:
        """The pages of the own account, in their order."""
        there = {SignedInPage.PASSKEYS: self.has_passkeys, SignedInPage.IDENTITIES: self.has_login_providers}
        return [each for each in SignedInPage if there.get(each, True)]
