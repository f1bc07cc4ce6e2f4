"""The page of a person's passkeys, and what it tells the browser about them."""

import json
from collections.abc import Mapping

from fastapi import Response

from doorward.api.schemas.ceremonies import CreationOptionsResponse, encoded
from doorward.api.services import Services, passkeys_of
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import EmailNotVerifiedError
from doorward.domain.passkeys.exceptions import TooManyPasskeysError
from doorward.domain.passkeys.management import OwnPasskeys
from doorward.domain.passkeys.models import Passkey
from doorward.web.forms import SignedInPage
from doorward.web.own_page import NOTHING, OwnPage, Told, caller_of


class OwnPasskeysPage(OwnPage):
    """The passkeys, and the form that adds one."""

    name = SignedInPage.PASSKEYS
    title = "Your passkeys"
    purpose = (
        "A passkey signs you in with your fingerprint, your face or the PIN of your device, and nothing to remember."
    )

    async def show(self, services: Services, access_token: str, told: Told = NOTHING) -> Response:
        """Show the passkeys of the user of a session. Raises ``InvalidAccessTokenError``."""
        words = told.words
        passkeys = passkeys_of(services)
        caller = await caller_of(access_token, services)
        own = await passkeys.management.list(caller)
        options, obstacle = "", ""
        try:
            options = CreationOptionsResponse.of(await passkeys.registration.options(caller)).model_dump_json()
        except (EmailNotVerifiedError, TooManyPasskeysError) as error:
            obstacle = error.detail
        return self._pages.page(
            "own_passkeys",
            status=told.status,
            **words,
            title=self.title,
            access_token=access_token,
            passkeys=[_shown(each) for each in own.passkeys],
            options=options,
            obstacle=obstacle,
            signals=json.dumps(_signals(own, caller)),
        )


def _shown(passkey: Passkey) -> Mapping[str, object]:
    return {
        "id": passkey.id,
        "name": passkey.name,
        "created": f"{passkey.created_at:%Y-%m-%d}",
        "used": "" if passkey.last_used_at is None else f"{passkey.last_used_at:%Y-%m-%d}",
        "is_suspended": passkey.suspended_at is not None,
    }


def _signals(own: OwnPasskeys, caller: Caller) -> Mapping[str, object]:
    """Return what browsers are told (Web Authentication Level 3 section 5.1.10): accepted passkeys, names."""
    names = {"rpId": own.relying_party.id, "userId": encoded(own.user_handle)}
    accepted = [encoded(each.credential_id) for each in own.passkeys if each.suspended_at is None]
    return {
        "accepted": {**names, "allAcceptedCredentialIds": accepted},
        "user": {**names, "name": caller.user.email, "displayName": caller.user.username},
    }
