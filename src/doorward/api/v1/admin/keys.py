"""Routes for signing keys."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Depends

from doorward.api.bodies import JsonBody
from doorward.api.caller import CurrentCaller
from doorward.api.policy import NeedsScope, RoutePolicy
from doorward.api.problems import HttpHints
from doorward.api.routing import Call
from doorward.api.schemas.keys import KeyRotationBody, SigningKeyListResponse, SigningKeyResponse
from doorward.api.services import CurrentServices
from doorward.api.v1.admin.addresses import ADMIN, TAG
from doorward.domain.administration.exceptions import BeyondOwnScopesError
from doorward.domain.administration.keys import AdministeredKeys
from doorward.domain.administration.models import Actor
from doorward.domain.auth.scopes import AdminScope
from doorward.domain.keys.exceptions import (
    KeyRotationPendingError,
    KeysNotInUseError,
    SigningKeyNotFoundError,
    SigningKeysUnreadableError,
)
from doorward.domain.keys.models import KeyState, StoredKey

LIST: Final = f"{ADMIN}/keys"
KEY: Final = f"{LIST}/{{kid}}"
POLICY: Final = RoutePolicy(NeedsScope(AdminScope.KEYS_WRITE))
HTTP_HINTS: Final[HttpHints] = {
    SigningKeyNotFoundError: "List them: GET /api/v1/admin/keys.",
    KeyRotationPendingError: "Wait, or rotate with at_once=true.",
    SigningKeysUnreadableError: "Its operator has to give all copies of the service the same keys.",
}
_OF_CHANGE: Final = (KeysNotInUseError, BeyondOwnScopesError)


def calls() -> Sequence[Call]:
    """Return the routes."""
    return [
        Call("GET", LIST, list_keys, POLICY, tag=TAG, refusals=(KeysNotInUseError,)),
        Call(
            "POST",
            f"{LIST}/rotate",
            rotate_keys,
            POLICY,
            tag=TAG,
            refusals=(*_OF_CHANGE, SigningKeysUnreadableError, KeyRotationPendingError),
        ),
        Call(
            "POST",
            f"{KEY}/revoke",
            revoke_key,
            POLICY,
            tag=TAG,
            status=204,
            refusals=(*_OF_CHANGE, SigningKeyNotFoundError),
        ),
    ]


async def keys_in_use(services: CurrentServices) -> AdministeredKeys:
    """Return the use cases of signing keys. Raises ``KeysNotInUseError``."""
    if services.keys is None:
        raise KeysNotInUseError
    return services.keys.administration


CurrentKeys = Annotated[AdministeredKeys, Depends(keys_in_use)]


async def list_keys(keys: CurrentKeys) -> SigningKeyListResponse:
    """List the signing keys with their current states, oldest first."""
    return _listed(await keys.list())


async def rotate_keys(
    caller: CurrentCaller, body: JsonBody[KeyRotationBody], keys: CurrentKeys
) -> SigningKeyListResponse:
    """Activate the next key of each algorithm after 24 hours or at once, and publish a new one. List all keys."""
    return _listed(await keys.rotate(Actor(caller), at_once=body.at_once))


async def revoke_key(kid: str, caller: CurrentCaller, keys: CurrentKeys) -> None:
    """Destroy a key: all instances refuse its tokens within 10 seconds. If it was active, the next signs at once."""
    await keys.revoke(Actor(caller), kid)


def _listed(keys: Sequence[tuple[StoredKey, KeyState]]) -> SigningKeyListResponse:
    return SigningKeyListResponse(keys=[_shown(key, state) for key, state in keys])


def _shown(key: StoredKey, state: KeyState) -> SigningKeyResponse:
    return SigningKeyResponse(
        kid=key.kid,
        algorithm=key.algorithm,
        state=state,
        created_at=key.created_at,
        activates_at=key.activates_at,
        retires_at=key.retires_at,
        revoked_at=key.revoked_at,
    )
