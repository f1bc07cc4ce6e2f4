"""The optional pages that the settings enable, so that pages only link to these."""

from collections.abc import Sequence

from doorward.core.frozen import frozen
from doorward.web.forms import SignedInPage


@frozen
class PageFeatures:
    """The optional features of the pages."""

    has_mail: bool = False
    registers: bool = False
    """Whether registration is open to all."""
    has_passkeys: bool = False
    has_login_providers: bool = False
    """Whether users can sign in with other OpenID providers."""
    remembers_devices: bool = False
    """Whether a device may skip the second factor for a while."""

    @property
    def own_pages(self) -> Sequence[SignedInPage]:
        """The pages of the own account in navigation order."""
        there = {SignedInPage.PASSKEYS: self.has_passkeys, SignedInPage.IDENTITIES: self.has_login_providers}
        return [each for each in SignedInPage if there.get(each, True)]
