"""The service as an OpenID provider in the walks: a person signs in in a browser, and an application gets a code."""

from typing import Final

from development.callers import caller_of
from development.proof.model.answers import answered, at_once
from doorward.api.oauth_services import ProviderServices
from doorward.api.services import Services
from doorward.domain.auth.models import TokenPair
from doorward.domain.auth.ports import Authentication
from doorward.domain.auth.sessions.browser_session import BrowserSession, BrowserStay
from doorward.domain.auth.sessions.browser_sessions import SignedIn
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.domain.oauth.authorization import AuthorizationState, RequestParameters
from doorward.domain.oauth.authorization_decision import CodeDue, ConsentDue
from doorward.domain.oauth.code_models import Redemption
from doorward.domain.oauth.device_models import DeviceAuthorization
from doorward.domain.oauth.models import ClientContent, OAuthClient
from doorward.domain.oauth.pkce import challenge_of
from doorward.domain.oauth.policy import DEVICE_CODE

REDIRECT_URI: Final = "https://application.example/back"
ISSUER: Final = {"public_url": "http://localhost:8000", "background": "off"}
"""Settings of a copy that is a provider."""

VERIFIER: Final = "walking-application" * 3
WRONG_VERIFIER: Final = VERIFIER.swapcase()
APPLICATION: Final = ClientContent(
    "Walking application",
    auth_method="none",
    grant_types=("authorization_code", "refresh_token", DEVICE_CODE),
    scopes=("openid", "offline_access"),
    redirect_uris=(REDIRECT_URI,),
)


class Provider:
    """A copy of the service that is a provider, without its HTTP. None stands for any refusal."""

    def __init__(self, services: Services, clients: list[OAuthClient]) -> None:
        """Take the parts of the copy, and the registered applications; the first one is used in the walks."""
        self._services = services
        self._clients = clients

    @property
    def sessions(self) -> Sessions:
        """The use cases of sessions, with the keys that sign for applications."""
        return self._services.sessions

    @property
    def authentication(self) -> Authentication:
        """Identifies callers by access tokens that this copy accepts."""
        return self._services.authentication

    @property
    def client_id(self) -> str:
        """The client id of the walks' application."""
        return self._clients[0].client_id

    async def sign_in(self, name: str, password: str, cookie: str | None, *, is_kept: bool) -> SignedIn | None:
        """Sign in like the page does, which replaces the session of the browser's cookie."""
        replaced = self._provider.browser_sessions.read(cookie)
        stay = BrowserStay(None if replaced is None else replaced.id, is_kept=is_kept)
        login = self._services.login
        signed_in = await answered(login.sign_in(name=name, password=password, stay=stay, trusts_device=True))
        if signed_in is not None and replaced is not None:
            await self.sign_out(cookie)
        return signed_in

    async def find(self, cookie: str) -> BrowserSession | None:
        """Return the live session of a browser."""
        return await self._provider.browser_sessions.find(cookie)

    async def sign_out(self, cookie: str | None) -> None:
        """End the session of a browser."""
        await self._provider.browser_sessions.end(cookie)

    async def code(self, cookie: str, scopes: str, *, is_silent: bool) -> str | None:
        """Send an authorization request in a browser; the person consents unless it is silent. Return the code."""
        asked = {
            "client_id": self.client_id,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": scopes,
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        session, authorization = await self.find(cookie), self._provider.authorization
        state = await authorization.evaluate(
            RequestParameters(asked | {"prompt": "none"} if is_silent else asked), session
        )
        if not isinstance(state, AuthorizationState) or session is None:
            return None
        if isinstance(state.decision, ConsentDue):
            issued = await authorization.agree(state.request, session)
        elif isinstance(state.decision, CodeDue):
            issued = await authorization.issue(state.request, session)
        else:
            return None
        return None if issued is None else issued.code

    async def redeem_at_once(self, code: str, fault: str, callers: int) -> list[TokenPair]:
        """Redeem a code in concurrent calls, correctly or with a fault; return the token pairs."""
        client = self._clients[1 if fault == "another client" else 0]
        uri = f"{REDIRECT_URI}/elsewhere" if fault == "another address" else REDIRECT_URI
        verifier = WRONG_VERIFIER if fault == "wrong verifier" else VERIFIER
        return await at_once([self._redeem(client, Redemption(code, uri, verifier)) for _ in range(callers)])

    async def _redeem(self, client: OAuthClient, redemption: Redemption) -> TokenPair:
        return (await self._provider.code_exchange.exchange(client, redemption)).pair

    async def begin_device(self, scopes: str) -> DeviceAuthorization:
        """Start a device authorization; return its user code and device code."""
        return await self._provider.devices.begin(self._clients[0], scope=scopes, identifier=None, resource=None)

    async def decide(self, cookie: str, user_code: str, *, is_approved: bool) -> bool:
        """Approve or deny a device in a browser; return whether this was possible."""
        session, devices = await self.find(cookie), self._provider.devices
        if session is None:
            return False
        return await (devices.approve if is_approved else devices.deny)(user_code, session) is not None

    async def poll_at_once(self, device_code: str, fault: str, callers: int) -> list[TokenPair]:
        """Poll for a device in concurrent calls, as its own or another client; return the token pairs."""
        client = self._clients[1 if fault == "another client" else 0]
        return await at_once([self._poll(client, device_code) for _ in range(callers)])

    async def _poll(self, client: OAuthClient, device_code: str) -> TokenPair:
        return (await self._provider.device_exchange.exchange(client, device_code)).pair

    async def refresh_at_once(self, text: str, callers: int) -> list[TokenPair]:
        """Refresh with one token in concurrent calls; return the token pairs."""
        return await at_once([self.sessions.refresh(text, client_id=self.client_id) for _ in range(callers)])

    async def refresh(self, sessions: Sessions, text: str) -> TokenPair | None:
        """Refresh with the given use cases, as the application."""
        return await answered(sessions.refresh(text, client_id=self.client_id))

    async def take_consent_back(self, access: str) -> bool:
        """Withdraw the consent for the application, in a session of the person's own account."""
        return await answered(self._take_consent_back(access)) is not None

    async def _take_consent_back(self, access: str) -> bool:
        caller = await caller_of(self.authentication, access)
        await self._services.oauth.consents.revoke(caller, self.client_id)
        return True

    @property
    def _provider(self) -> ProviderServices:
        if self._services.provider is None:
            raise RuntimeError("the copy is no provider")
        return self._services.provider


async def register(services: Services) -> list[OAuthClient]:
    """Register the application of the walks, and another one."""
    return [(await services.oauth.clients.create(None, APPLICATION)).client for _ in range(2)]
