"""What the fuzz of the API knows of single calls: what they draw from, who calls, and how they may refuse."""

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
"""Calls after which the name, the password or the token of their caller is another: each has a caller of its own."""

STRICTER_THAN_THEIR_SCHEMA: Final = {
    "PATCH /api/v1/account": "as POST /api/v1/auth/register",
    "POST /api/v1/account/email": "as POST /api/v1/auth/register",
    "POST /api/v1/account/email/confirm": "a token or a code is one that was mailed",
    "POST /api/v1/account/password": "as POST /api/v1/auth/register",
    "POST /api/v1/auth/email/verify": "tokens and codes are those of mails, and count for their own account",
    "POST /api/v1/auth/password/forgot": "addresses are those that mail reaches",
    "POST /api/v1/auth/password/reset": "tokens and codes are those of mails, and passwords as at registration",
    "POST /api/v1/auth/second-factor/totp": "only what a login was answered with is right",
    "POST /api/v1/auth/second-factor/recovery-code": "only what a login was answered with is right",
    "POST /api/v1/account/second-factors/totp/confirm": "only what an enrolment was answered with is right",
    "POST /api/v1/auth/deletion/cancel": "only what a login was answered with is right",
    "POST /api/v1/auth/passkeys/options": "the token is one that a login was answered with",
    "POST /api/v1/account/reauthenticate": "the two ids of a credential are one",
    "POST /api/v1/auth/second-factor/passkey": "only what an authenticator signed is right",
    "POST /api/v1/auth/passkeys/token": "only what an authenticator signed is right",
    "POST /api/v1/account/passkeys": "only what an authenticator made is right",
    "PATCH /api/v1/account/passkeys/{passkey_id}": "the passkey is one of the account",
    "POST /api/v1/auth/register": "names are ASCII after NFKC, and common passwords are refused",
    "POST /api/v1/auth/register/confirm": "only what a mail brought is right",
    "POST /api/v1/auth/register/resend": "only what a registration was answered with is right",
    "POST /api/v1/auth/invitations/accept": "only what a mail brought is right",
    "POST /api/v1/auth/token": "refresh tokens and scopes are those of sessions",
    "GET /api/v1/admin/users": "a part of a name has three letters, and a cursor is one of an answer",
    "POST /api/v1/admin/users": "as POST /api/v1/auth/register, and roles exist",
    "PATCH /api/v1/admin/users/{user_id}": "as POST /api/v1/admin/users",
    "GET /api/v1/admin/users/{user_id}/audit": "a cursor is one of an answer",
    "POST /api/v1/admin/roles": "names have an alphabet of their own",
    "PATCH /api/v1/admin/roles/{name}": "a description is one line",
    "GET /api/v1/admin/invitations": "a cursor is one of an answer",
    "POST /api/v1/admin/invitations": "addresses are those that mail reaches, and roles exist",
    "GET /api/v1/admin/audit": "a cursor is one of an answer",
    "POST /api/v1/admin/users/import": "a file is in the format that is named",
    "POST /api/v1/admin/webhooks": "types are those of events",
    "PATCH /api/v1/admin/webhooks/{webhook_id}": "types are those of events",
    "POST /api/v1/admin/webhooks/{webhook_id}/replay": "a range begins before it ends",
    "DELETE /api/v1/account/applications/{client_id}": "only what was agreed to is there",
    "POST /api/v1/admin/clients": "resources exist, and names and scopes have alphabets of their own",
    "PATCH /api/v1/admin/clients/{client_id}": "as POST /api/v1/admin/clients",
    "POST /api/v1/admin/resources": "identifiers are URIs, and scopes have an alphabet of their own",
    "GET /api/v1/items": "page and after exclude each other",
    "POST /api/v1/items": "titles and tags have no control characters",
    "GET /api/v1/items/search": "a query has words",
    "POST /api/v1/items/import": "the body is CSV",
    "PUT /api/v1/items/{item_id}": "as POST /api/v1/items",
    "PATCH /api/v1/items/{item_id}": "as POST /api/v1/items",
}
"""Calls that may answer 422, or 400 in the form of OAuth, to what fits their schema, and why; all others may not."""

TELLING_FAULTS_IN_A_SUCCESS: Final = {
    "POST /api/v1/admin/users/import": "bad lines are left out, and the answer has them"
}
"""Calls that may take what does not fit their schema, and why; all others may not."""

THROTTLED: Final = {"POST /api/v1/auth/token"}
"""Wrong passwords of one name are drawn more often than one account may be guessed."""

NEVER_LET_IN: Final = {"POST /api/v1/auth/passkeys/token", "POST /api/v1/auth/second-factor/passkey"}
"""Calls for which nothing that can be drawn is right: all that they answer here is a refusal."""

LET_IN_EARLY: Final = {
    "DELETE /api/v1/account/second-factors/totp",
    "DELETE /api/v1/admin/roles/{name}",
    "GET /oauth/register/{client_id}",
    "DELETE /oauth/register/{client_id}",
}
"""Calls that ask for a proof of the last five minutes, or are made by a client that another call may have removed."""

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
"""Members of bodies that come from a dictionary, by call."""

OF_REGISTRATION: Final = (
    "POST /oauth/register",
    "GET /oauth/register/{client_id}",
    "PUT /oauth/register/{client_id}",
    "DELETE /oauth/register/{client_id}",
)
"""Calls by which clients register, change and remove themselves."""

OF_CLIENTS: Final = (
    "POST /oauth/device_authorization",
    "POST /oauth/token",
    "POST /oauth/introspect",
    "POST /oauth/revoke",
    "POST /oauth/par",
)
"""Calls that a client makes with its secret, and that refuse all that they refuse with 400."""

DRAWN_PATHS: Final[Mapping[str, str]] = {
    "user_id": "users",
    "webhook_id": "webhooks",
    "client_id": "clients",
    "resource_id": "resources",
    "kid": "standby-keys",
}
"""Parameters of paths that come from a dictionary."""

REFUSED: Final = ("400", "401", "403", "404", "405", "406", "409", "413", "414", "415", "422", "428", "429")
"""How data may be refused that does not fit its schema: 413 where the whole is too large to be looked at."""

TAKEN: Final = ("2xx", "3xx", "401", "403", "404", "409", "412")
"""Statuses that say that the shape of a request was right."""
