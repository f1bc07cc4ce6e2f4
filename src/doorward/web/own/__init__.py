"""The pages of the own account, for users with a browser session."""

from collections.abc import Sequence

from doorward.api.routing import Call
from doorward.web.assets import script
from doorward.web.own.applications import ApplicationForms
from doorward.web.own.overview import OverviewForms
from doorward.web.own.pages import OwnPages
from doorward.web.own.passkeys import PasskeyForms
from doorward.web.own.second_factors import SecondFactorForms
from doorward.web.own.sessions import SessionForms
from doorward.web.own.your_data import DataForms
from doorward.web.provider.pages import ProviderPages


def calls(pages: ProviderPages) -> Sequence[Call]:
    """Return the routes."""
    own = OwnPages(pages)
    passkeys = PasskeyForms(own).calls() if pages.features.has_passkeys else ()
    return [
        own.front(),
        *OverviewForms(own).calls(),
        *SecondFactorForms(own).calls(),
        *passkeys,
        *SessionForms(own).calls(),
        *ApplicationForms(own).calls(),
        *DataForms(own).calls(),
        script("passkeys.js"),
        script("recovery-codes.js"),
    ]
