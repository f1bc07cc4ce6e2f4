"""The commits around which the kill proofs kill the service, and the moments of each."""

from typing import Final, Literal, get_args

AccountCommit = Literal[
    "register",
    "reserve",
    "login",
    "rotate",
    "reuse-revoke",
    "revoke",
    "password",
    "verify",
    "reset",
    "mailbox",
    "email",
]
"""Changes that users make to their own accounts."""

AdministratorCommit = Literal[
    "register",
    "roles",
    "deactivate",
    "activate",
    "forced-reset",
    "new-address",
    "delete",
    "erase",
    "invite",
]
"""Changes that administrators make to users, and to addresses without an account."""

ClientCommit = Literal["client", "client-secret", "client-disabled", "client-removed"]
"""Changes that administrators make to an OAuth client, in order."""

FactorCommit = Literal[
    "application",
    "code-used",
    "recovery-code-used",
    "codes-made",
    "proof",
    "passkey",
    "passkey-used",
    "passkey-removed",
    "application-removed",
    "factors-reset",
]
"""Changes and uses of second factors by users, and the reset by an administrator."""

SignInCommit = Literal[
    "browser-session",
    "code",
    "consent",
    "code-redeemed",
    "rotate",
    "code-replayed",
    "request-pushed",
    "request-opened",
    "request-used",
    "device-begun",
    "device-polled",
    "device-approved",
    "device-denied",
    "device-redeemed",
    "consent-revoked",
    "signed-out",
    "signed-out-everywhere",
    "registered",
    "registration-changed",
    "client-removed",
]
"""Changes that users, applications and devices make at the OpenID provider."""

DeliveryCommit = Literal["claim", "settle"]
"""Changes to a message before it is sent, and after it was accepted."""

Commit = (
    AccountCommit
    | AdministratorCommit
    | ClientCommit
    | FactorCommit
    | SignInCommit
    | DeliveryCommit
    | Literal["import", "signing-key", "external-user"]
)
Moment = Literal["before", "sent", "after"]
"""Before the commit is sent; after it is sent and before its response; after its response and before the caller's."""

MOMENTS: Final[tuple[Moment, ...]] = get_args(Moment)
ACCOUNT_COMMITS: Final[tuple[AccountCommit, ...]] = get_args(AccountCommit)
ADMINISTRATOR_COMMITS: Final[tuple[AdministratorCommit, ...]] = get_args(AdministratorCommit)
CLIENT_COMMITS: Final[tuple[ClientCommit, ...]] = get_args(ClientCommit)
FACTOR_COMMITS: Final[tuple[FactorCommit, ...]] = get_args(FactorCommit)
SIGN_IN_COMMITS: Final[tuple[SignInCommit, ...]] = get_args(SignInCommit)
POINTS: Final = tuple((commit, moment) for commit in ACCOUNT_COMMITS for moment in MOMENTS)
ADMINISTRATOR_POINTS: Final = tuple((commit, moment) for commit in ADMINISTRATOR_COMMITS for moment in MOMENTS)
CLIENT_POINTS: Final = tuple((commit, moment) for commit in CLIENT_COMMITS for moment in MOMENTS)
FACTOR_POINTS: Final = tuple((commit, moment) for commit in FACTOR_COMMITS for moment in MOMENTS)
SIGN_IN_POINTS: Final = tuple((commit, moment) for commit in SIGN_IN_COMMITS for moment in MOMENTS)
DELIVERY_POINTS: Final[tuple[tuple[DeliveryCommit, Moment], ...]] = (
    ("claim", "after"),
    ("settle", "before"),
    ("settle", "sent"),
    ("settle", "after"),
)
"""An uncommitted claim has no effect. Before a message is settled, the receiver has accepted it."""
