"""Configuration of single calls for the fuzzer of the API: input values, callers, and permitted refusals."""

from collections.abc import Mapping
from typing import Final

from development.proof.fuzz_provider import ASKED

ENDING_THE_CALLER: Final = (
    "PATCH /api/v1/account",
    "POST /api/v1/account/password",
    "POST /api/v1/account/reauthenticate",
    "POST /api/v1/account/sessions/end",
    "DELETE /api/v1/account/sessions/{session_id}",
    "POST /api/v1/account/deletion",
)
"""Calls that change the name, the password or the token of their caller: each uses a separate account."""

STRICTER_THAN_THEIR_SCHEMA: Final = {
    "PATCH /api/v1/account": "as POST /api/v1/auth/register",
    "POST /api/v1/account/email": "as POST /api/v1/auth/register",
    "POST /api/v1/account/email/confirm": "only a token or a code from a mail is accepted",
    "POST /api/v1/account/password": "as POST /api/v1/auth/register",
    "POST /api/v1/auth/email/verify": "tokens and codes must be from a mail to this account",
    "POST /api/v1/auth/password/forgot": "addresses must be deliverable",
    "POST /api/v1/auth/password/reset": "tokens and codes must be from a mail; passwords as at registration",
    "POST /api/v1/auth/second-factor/totp": "only the token of a login's response is accepted",
    "POST /api/v1/auth/second-factor/recovery-code": "only the token of a login's response is accepted",
    "POST /api/v1/account/second-factors/totp/confirm": "only values of an enrolment's response are accepted",
    "POST /api/v1/auth/deletion/cancel": "only the token of a login's response is accepted",
    "POST /api/v1/auth/passkeys/options": "only the token of a login's response is accepted",
    "POST /api/v1/account/reauthenticate": "the two ids of a credential must be equal",
    "POST /api/v1/auth/second-factor/passkey": "only an authenticator's signature is accepted",
    "POST /api/v1/auth/passkeys/token": "only an authenticator's signature is accepted",
    "POST /api/v1/account/passkeys": "only an authenticator's credential is accepted",
    "PATCH /api/v1/account/passkeys/{passkey_id}": "the passkey must belong to the account",
    "POST /api/v1/auth/register": "names are ASCII after NFKC, and common passwords are refused",
    "POST /api/v1/auth/register/confirm": "only a token or a code from a mail is accepted",
    "POST /api/v1/auth/register/resend": "only the token of a registration's response is accepted",
    "POST /api/v1/auth/invitations/accept": "only a token from a mail is accepted",
    "POST /api/v1/auth/token": "refresh tokens and scopes must belong to a session",
    "GET /api/v1/admin/users": "a part of a name has three letters; cursors must be from a response",
    "POST /api/v1/admin/users": "as POST /api/v1/auth/register, and roles must exist",
    "PATCH /api/v1/admin/users/{user_id}": "as POST /api/v1/admin/users",
    "GET /api/v1/admin/users/{user_id}/audit": "cursors must be from a response",
    "POST /api/v1/admin/roles": "names have a restricted alphabet",
    "PATCH /api/v1/admin/roles/{name}": "descriptions must be one line",
    "GET /api/v1/admin/invitations": "cursors must be from a response",
    "POST /api/v1/admin/invitations": "addresses must be deliverable, and roles must exist",
    "GET /api/v1/admin/audit": "cursors must be from a response",
    "POST /api/v1/admin/users/import": "the file must have the given format",
    "POST /api/v1/admin/webhooks": "types must be those of events",
    "PATCH /api/v1/admin/webhooks/{webhook_id}": "types must be those of events",
    "POST /api/v1/admin/webhooks/{webhook_id}/replay": "a range must begin before it ends",
    "DELETE /api/v1/account/applications/{client_id}": "only applications with consent exist",
    "POST /api/v1/admin/clients": "resources must exist; names and scopes have restricted alphabets",
    "PATCH /api/v1/admin/clients/{client_id}": "as POST /api/v1/admin/clients",
    "POST /api/v1/admin/resources": "identifiers must be URIs, and scopes have a restricted alphabet",
    "GET /api/v1/items": "page and after exclude each other",
    "POST /api/v1/items": "titles and tags have no control characters",
    "GET /api/v1/items/search": "a query must have words",
    "POST /api/v1/items/import": "the body must be CSV",
    "PUT /api/v1/items/{item_id}": "as POST /api/v1/items",
    "PATCH /api/v1/items/{item_id}": "as POST /api/v1/items",
}
"""Calls that may refuse data that fits their schema with 422, or 400 in OAuth's format, and the reason for each."""

REPORTS_FAULTS_WITH_SUCCESS: Final = {
    "POST /api/v1/admin/users/import": "bad lines are skipped and reported in the response"
}
"""Calls that may accept data that does not fit their schema, and the reason for each."""

THROTTLED: Final = {"POST /api/v1/auth/token"}
"""Calls with a login throttle: the fuzzer tries more wrong passwords for one name than it permits."""

ALWAYS_REFUSED: Final = {"POST /api/v1/auth/passkeys/token", "POST /api/v1/auth/second-factor/passkey"}
"""Calls that always refuse here, since valid input cannot be generated."""

AUTHORIZED_ONLY_EARLY: Final = {
    "DELETE /api/v1/account/second-factors/totp",
    "DELETE /api/v1/admin/roles/{name}",
    "GET /oauth/register/{client_id}",
    "DELETE /oauth/register/{client_id}",
}
"""Calls that need a proof of the last five minutes, or a client that another call may have deleted."""

DRAWN: Final[Mapping[str, Mapping[str, str]]] = {
    "POST /api/v1/auth/password/forgot": {"email": "registered-address"},
    "POST /api/v1/auth/password/reset": {"token": "reset-tokens", "new_password": "new-password"},
    "POST /api/v1/auth/email/verify": {"token": "verification-tokens", "password": "password"},
    "POST /api/v1/auth/register": {"email": "new-addresses", "username": "new-names", "password": "password"},
    "POST /api/v1/auth/token": {
        "username": "registered-name",
        "password": "password",
        "refresh_token": "refresh-tokens",
    },
    "POST /api/v1/auth/refresh": {"refresh_token": "refresh-tokens"},
    "POST /api/v1/auth/revoke": {"refresh_token": "refresh-tokens", "token": "refresh-tokens"},
    "PATCH /api/v1/account": {"username": "new-names"},
    "POST /api/v1/account/password": {"current_password": "password", "new_password": "new-password"},
    "POST /api/v1/account/reauthenticate": {"password": "password"},
    "POST /api/v1/admin/users": {"email": "new-addresses", "username": "new-names", "password": "password"},
    "PATCH /api/v1/admin/users/{user_id}": {"username": "new-names"},
    "POST /api/v1/admin/roles": {"name": "new-names"},
    "POST /api/v1/admin/invitations": {"email": "new-addresses"},
    "POST /api/v1/admin/resources": {"identifier": "new-resources"},
    "POST /oauth/token": {"client_id": "machine", "refresh_token": "refresh-tokens", "scope": "machine-scope"},
    "POST /oauth/introspect": {"client_id": "machine", "token": "machine-tokens"},
    "POST /oauth/revoke": {"client_id": "machine", "token": "machine-tokens"},
    "POST /oauth/par": {"client_id": "machine", "scope": "machine-scope", **{name: name for name in ASKED}},
    "POST /oauth/device_authorization": {"client_id": "machine", "scope": "machine-scope"},
}
"""Body members that take values from a dictionary, by call."""

OF_REGISTRATION: Final = (
    "POST /oauth/register",
    "GET /oauth/register/{client_id}",
    "PUT /oauth/register/{client_id}",
    "DELETE /oauth/register/{client_id}",
)
"""Calls of dynamic client registration."""

OF_CLIENTS: Final = (
    "POST /oauth/device_authorization",
    "POST /oauth/token",
    "POST /oauth/introspect",
    "POST /oauth/revoke",
    "POST /oauth/par",
)
"""Calls that a client makes with its secret, and that refuse invalid data with 400 only."""

DRAWN_PATHS: Final[Mapping[str, str]] = {
    "user_id": "users",
    "webhook_id": "webhooks",
    "client_id": "clients",
    "resource_id": "resources",
    "kid": "standby-keys",
}
"""Path parameters that take values from a dictionary."""

REFUSED: Final = ("400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "428", "429")
"""Permitted statuses for data that does not fit the schema; 413 if the body is too large to be parsed."""

TAKEN: Final = ("2xx", "3xx", "401", "403", "404", "409", "412")
"""Statuses that mean that a request had the right form."""
