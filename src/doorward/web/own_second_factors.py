"""The page of a person's second factors: authenticator application, passkeys, recovery codes."""

from typing import Final

from fastapi import Response

from doorward.api.services import Services
from doorward.domain.mfa.exceptions import SecondFactorsUnavailableError
from doorward.web.forms import SignedInPage
from doorward.web.own_page import NOTHING, OwnPage, Told, caller_of

FEW_CODES: Final = 3
"""From this number on the page advises to make new ones."""


class OwnSecondFactorsPage(OwnPage):
    """The factors, and the forms that change them."""

    name = SignedInPage.SECOND_FACTORS
    title = "Your second factors"
    purpose = (
        "A second factor protects your account when another person has learnt your password. Sign in to set one up."
    )

    async def show(self, services: Services, access_token: str, told: Told = NOTHING) -> Response:
        """Show the factors of the user of a session. Raises ``InvalidAccessTokenError``."""
        words = told.words
        caller = await caller_of(access_token, services)
        own = await services.second_factors.listing.list(caller)
        application = next((each for each in own.factors if each.kind == "totp"), None)
        is_available = services.second_factors.enrolment is not None
        return self._pages.page(
            "own_second_factors",
            status=told.status,
            **words,
            title=self.title,
            access_token=access_token,
            has_factor=caller.has_second_factor,
            application="" if application is None else f"{application.created_at:%Y-%m-%d}",
            obstacle="" if is_available else SecondFactorsUnavailableError.detail,
            has_passkeys=services.passkeys is not None,
            passkeys=[each for each in own.factors if each.kind == "passkey"],
            codes_left=own.recovery_codes_left,
            has_few_codes=own.recovery_codes_left <= FEW_CODES,
        )
