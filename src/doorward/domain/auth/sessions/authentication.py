"""Use case: authenticate a caller by an access token that this service issued."""

from doorward.core.ports import Clock
from doorward.core.principal import Principal
from doorward.domain.auth.callers import Caller, ClientCaller
from doorward.domain.auth.ports import AccessTokenSigner, ClientCallers, CountCall
from doorward.domain.auth.sessions.sessions import Sessions
from doorward.domain.auth.tokens.key_proofs import Possession, PresentedProof


class OwnTokenAuthentication:
    """Authenticates users in sessions, and clients that act for themselves."""

    def __init__(
        self,
        *,
        signer: AccessTokenSigner,
        possession: Possession,
        sessions: Sessions,
        clients: ClientCallers,
        clock: Clock,
    ) -> None:
        self._signer = signer
        self._possession = possession
        self._sessions = sessions
        self._clients = clients
        self._clock = clock

    async def authenticate(
        self, access_token: str, count_call: CountCall, proof: PresentedProof | None = None
    ) -> Caller | ClientCaller:
        """Return the caller that an access token identifies, with the scopes that are allowed now.

        The session and the account, or the client, are looked up each time. The call is counted after that: a token of
        an ended session must not use up the user's rate limit. Raises ``InvalidAccessTokenError``, and what
        ``Possession.check`` raises.
        """
        now = self._clock.now()
        principal = await self._signer.verify_with_latest_keys(access_token, now)
        self._possession.check(access_token, principal.thumbprint, proof, now)
        caller: Caller | ClientCaller
        if isinstance(principal, Principal):
            caller = await self._sessions.caller_of(principal)
        else:
            caller = await self._clients.caller_of(principal)
        count_call(caller.key)
        return caller
