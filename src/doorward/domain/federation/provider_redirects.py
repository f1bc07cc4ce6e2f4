"""Use case: send users to other OpenID providers, and read the responses. Nothing is stored in between."""

from collections.abc import Mapping, Sequence

from doorward.core.ports import Clock
from doorward.domain.federation.events import FederatedLoginRefused
from doorward.domain.federation.exceptions import InvalidProviderAnswerError
from doorward.domain.federation.login_models import LinkingSession, LoginRequest, ProviderAnswer, VerifiedIdentity
from doorward.domain.federation.login_requests import LoginRequests, new_request
from doorward.domain.federation.ports import LoginProvider
from doorward.observability.logging import report


class ProviderRedirects:
    """Sends browsers to the providers, and reads their responses."""

    def __init__(self, providers: Sequence[LoginProvider], *, requests: LoginRequests, clock: Clock) -> None:
        self._providers: Mapping[str, LoginProvider] = {each.name: each for each in providers}
        self._requests = requests
        self._clock = clock

    @property
    def providers(self) -> Sequence[LoginProvider]:
        """All providers, in the order of the settings."""
        return list(self._providers.values())

    def find(self, name: str) -> LoginProvider | None:
        """Return the provider with this name; None if there is none."""
        return self._providers.get(name)

    async def begin(
        self,
        provider: LoginProvider,
        browser: str,
        *,
        next_address: str = "",
        is_kept: bool = False,
        requires_new_sign_in: bool = False,
        is_proof: bool = False,
        linking: LinkingSession | None = None,
    ) -> str:
        """Return the URL to which the browser is redirected.

        ``browser`` is the secret that identifies the browser: the response is accepted only from it.
        ``requires_new_sign_in`` makes the provider sign the user in again, ``is_proof`` is returned by ``read``. Raises
        ``LongLoginRequestError`` and ``ProviderUnavailableError``.
        """
        request = new_request(
            provider.name,
            now=self._clock.now(),
            next_address=next_address,
            is_kept=is_kept,
            requires_new_sign_in=requires_new_sign_in,
            is_proof=is_proof,
            linking=linking,
        )
        return await provider.address(request, self._requests.seal(request, browser))

    def read(self, provider: LoginProvider, browser: str, state: str) -> LoginRequest:
        """Return the request to which a browser returns the response. Raises ``InvalidProviderAnswerError``."""
        try:
            return self._requests.open(state, provider=provider.name, browser=browser, now=self._clock.now())
        except InvalidProviderAnswerError:
            report(FederatedLoginRefused(provider=provider.name, reason="state"))
            raise

    async def finish(self, provider: LoginProvider, request: LoginRequest, answer: ProviderAnswer) -> VerifiedIdentity:
        """Return the identity that the provider has signed in. Raises as ``LoginProvider.identity`` does."""
        return await provider.identity(request, answer)
