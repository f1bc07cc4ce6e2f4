"""Use case: people are sent to other OpenID providers, and come back. Between the two nothing is stored."""

from collections.abc import Mapping, Sequence

from doorward.core.ports import Clock
from doorward.domain.federation.events import FederatedLoginRefused
from doorward.domain.federation.exceptions import InvalidProviderAnswerError
from doorward.domain.federation.login_models import LinkingSession, LoginRequest, ProviderAnswer, VerifiedIdentity
from doorward.domain.federation.login_requests import LoginRequests, new_request
from doorward.domain.federation.ports import LoginProvider
from doorward.observability.logging import report


class ProviderVisits:
    """The providers by their names."""

    def __init__(self, providers: Sequence[LoginProvider], *, requests: LoginRequests, clock: Clock) -> None:
        """Take the providers, what seals requests, and the time."""
        self._providers: Mapping[str, LoginProvider] = {each.name: each for each in providers}
        self._requests = requests
        self._clock = clock

    @property
    def providers(self) -> Sequence[LoginProvider]:
        """All of them, in the order of the settings."""
        return list(self._providers.values())

    def find(self, name: str) -> LoginProvider | None:
        """Return the provider of a name."""
        return self._providers.get(name)

    async def begin(
        self,
        provider: LoginProvider,
        browser: str,
        *,
        next_address: str = "",
        is_kept: bool = False,
        asks_again: bool = False,
        is_proof: bool = False,
        linking: LinkingSession | None = None,
    ) -> str:
        """Return where a browser is sent.

        ``browser`` is by what it is known: only there the answer is accepted. ``asks_again`` has the provider sign
        the person in anew, ``is_proof`` is kept for the way back. Raises ``LongLoginRequestError`` and
        ``ProviderUnavailableError``.
        """
        request = new_request(
            provider.name,
            now=self._clock.now(),
            next_address=next_address,
            is_kept=is_kept,
            asks_again=asks_again,
            is_proof=is_proof,
            linking=linking,
        )
        return await provider.address(request, self._requests.seal(request, browser))

    def read(self, provider: LoginProvider, browser: str, state: str) -> LoginRequest:
        """Return what a browser was sent for that comes back. Raises ``InvalidProviderAnswerError``."""
        try:
            return self._requests.open(state, provider=provider.name, browser=browser, now=self._clock.now())
        except InvalidProviderAnswerError:
            report(FederatedLoginRefused(provider=provider.name, reason="state"))
            raise

    async def finish(self, provider: LoginProvider, request: LoginRequest, answer: ProviderAnswer) -> VerifiedIdentity:
        """Return whom the provider has signed in. Raises as ``LoginProvider.identity`` does."""
        return await provider.identity(request, answer)
