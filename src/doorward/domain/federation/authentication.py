"""Authentication of callers: each token is verified only with the keys of the issuer that it names."""

from uuid import UUID

from doorward.core.exceptions import DomainError
from doorward.core.ports import Clock
from doorward.domain.auth.callers import AnyCaller, ExternalCaller
from doorward.domain.auth.exceptions import InvalidAccessTokenError
from doorward.domain.auth.ports import Authentication, CountCall
from doorward.domain.auth.tokens.key_proofs import Possession, PresentedProof
from doorward.domain.federation.events import ForeignTokenRefused
from doorward.domain.federation.external_users import ExternalUsers
from doorward.domain.federation.models import ForeignToken
from doorward.domain.federation.ports import ForeignTokens
from doorward.observability.logging import report
from doorward.observability.request_context import bind_external_caller, bind_user


class IssuerAuthentication:
    """Authenticates tokens of trusted issuers. All other tokens go to the service's own authentication."""

    def __init__(
        self,
        *,
        own: Authentication,
        foreign: ForeignTokens,
        possession: Possession,
        users: ExternalUsers,
        clock: Clock,
    ) -> None:
        self._own = own
        self._foreign = foreign
        self._possession = possession
        self._users = users
        self._clock = clock

    async def authenticate(
        self, access_token: str, count_call: CountCall, proof: PresentedProof | None = None
    ) -> AnyCaller:
        """Return the caller of a token.

        The call of a foreign subject is counted after token and proof of possession are verified, and before its user
        is looked up. Raises ``InvalidAccessTokenError``, also for issuers that are not trusted, from which nothing is
        fetched; ``IssuerUnavailableError`` while the keys of a trusted issuer are not available; and what
        ``Possession.check`` raises.
        """
        issuer = self._foreign.issuer_of(access_token)
        if issuer is None:
            return await self._own.authenticate(access_token, count_call, proof)
        token = await self._foreign.verify(issuer, access_token)
        self._check_possession(access_token, token, proof)
        count_call((token.issuer, token.subject))
        user_id = await self._user_of(token) if token.makes_user else None
        if user_id is None:
            bind_external_caller(token.issuer, token.subject)
        return ExternalCaller(token.issuer, token.subject, user_id, token.scopes)

    def _check_possession(self, access_token: str, token: ForeignToken, proof: PresentedProof | None) -> None:
        try:
            self._possession.check(access_token, token.thumbprint, proof, self._clock.now())
        except DomainError:
            report(ForeignTokenRefused(issuer=token.issuer, reason="The key of the access token was not shown."))
            raise

    async def _user_of(self, token: ForeignToken) -> UUID | None:
        user = await self._users.user_of(token)
        if user is None:
            return None
        if not user.is_active:
            report(ForeignTokenRefused(issuer=token.issuer, reason="The local user is not active."))
            raise InvalidAccessTokenError
        bind_user(user.user_id)
        return user.user_id
