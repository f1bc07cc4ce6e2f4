"""The pages that people sign in for. What they have in common, and the session that lives in their forms.

The service sets no cookies: the session of these pages is the access token in a hidden field. A form of another site
has no token, so it changes nothing.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar
from uuid import UUID

from fastapi import Response
from pydantic import ValidationError

from doorward.api.schemas.ceremonies import AuthenticationJson, RegistrationJson
from doorward.api.services import Services
from doorward.core.exceptions import DomainError, Kind
from doorward.domain.auth.callers import Caller
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.models import ACCOUNT_SCOPE
from doorward.domain.passkeys.exceptions import InvalidPasskeyError, PasskeyNotFoundError
from doorward.web.account_pages import UNPROCESSABLE
from doorward.web.forms import SignedInPage
from doorward.web.rendering import Pages

OK: Final = 200

JsonT = TypeVar("JsonT", AuthenticationJson, RegistrationJson)


@dataclass(frozen=True, slots=True)
class Told:
    """What a page says above all else: what was done, or why it was refused."""

    done: str = ""
    refusal: DomainError | None = None

    @property
    def status(self) -> int:
        """The status of the page."""
        return OK if self.refusal is None else UNPROCESSABLE

    @property
    def words(self) -> dict[str, object]:
        """The words of the template. Raises the refusal again if the edge answers it for all routes."""
        if self.refusal is not None and self.refusal.kind in {Kind.UNAVAILABLE, Kind.EXHAUSTED}:
            raise self.refusal
        return {"done": self.done, "refusal": None if self.refusal is None else self.refusal.detail}


NOTHING: Final = Told()


class OwnPage(ABC):
    """What a person sees of the own account, in the session of the page."""

    name: ClassVar[SignedInPage]
    title: ClassVar[str]
    purpose: ClassVar[str]
    """What the page says before the person has signed in."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    @property
    def path(self) -> str:
        """Where people sign in for it."""
        return f"/account/{self.name}"

    @abstractmethod
    async def show(self, services: Services, access_token: str, told: Told = NOTHING) -> Response:
        """Show it to the user of a session. Raises ``InvalidAccessTokenError``."""


async def caller_of(access_token: str, services: Services) -> Caller:
    """Return the user of the page's session, as the API would let it in. Raises ``InvalidAccessTokenError``."""
    caller = await services.sessions.authenticate(access_token)
    if ACCOUNT_SCOPE not in caller.scopes:
        raise InvalidAccessTokenError
    return caller


def read_credential(text: str, model: type[JsonT]) -> JsonT:
    """Return what the script put into the form. Raises ``InvalidPasskeyError``."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InvalidPasskeyError from error


def read_passkey_id(text: str) -> UUID:
    """Return which passkey is meant. Raises ``PasskeyNotFoundError``."""
    try:
        return UUID(text)
    except ValueError as error:
        raise PasskeyNotFoundError from error
