"""The events of accounts and sessions."""

from typing import Final, Literal
from uuid import UUID

from doorward.core.events import AuditedEvent, Counter, Event
from doorward.core.frozen import frozen
from doorward.domain.auth.models import ClientKind, EndReason
from doorward.domain.auth.ports import HashRefusal
from doorward.domain.auth.sessions.admission import RefusalReason

LOGINS: Final = Counter("doorward_logins_total", "Sessions that began; logins that failed or were throttled", "outcome")
REFRESHES: Final = Counter("doorward_refreshes_total", "Uses of a refresh token", "outcome")
REVOCATIONS: Final = Counter("doorward_revocations_total", "Ends of sessions", "outcome")
REGISTRATIONS: Final = Counter("doorward_registrations_total", "Registrations", "outcome")
REUSE_DETECTIONS: Final = Counter(
    "doorward_refresh_reuse_detections_total", "Sessions ended because a used token came again"
)


BREACH_CHECKS: Final = Counter("doorward_breach_checks_total", "New passwords looked up among breached ones", "outcome")


@frozen(slots=False)
class UserRegistered(AuditedEvent):
    """An account was created."""

    type = "user.registered"
    log_event = "auth.user.registered"
    user_fact = "new_user_id"
    outcome = "success"
    counted = ((REGISTRATIONS, "registered"),)


@frozen(slots=False)
class RegistrationRefused(Event):
    """A registration was refused. `reason` is the code of the error."""

    log_event = "auth.registration.refused"
    outcome = "failure"
    counted = ((REGISTRATIONS, "refused"),)
    reason: str


@frozen(slots=False)
class UserDeactivated(AuditedEvent):
    """An operator deactivated `target_user_id`, and ended `count` sessions."""

    type = "user.deactivated"
    log_event = "auth.user.deactivated"
    user_fact = "target_user_id"
    outcome = "success"
    count: int


@frozen(slots=False)
class UserActivated(AuditedEvent):
    """An operator activated `target_user_id`, who can log in again."""

    type = "user.activated"
    log_event = "auth.user.activated"
    user_fact = "target_user_id"
    outcome = "success"


@frozen(slots=False)
class UserRolesChanged(AuditedEvent):
    """The role `role_id` of `target_user_id` was granted or taken away. It takes effect at the user's next request."""

    type = "user.roles_changed"
    log_event = "auth.user.roles_changed"
    user_fact = "target_user_id"
    outcome = "success"
    role_id: UUID
    change: Literal["granted", "taken"]


@frozen(slots=False)
class SessionBegun(AuditedEvent):
    """A session began: by a login, for a browser or an application, or after a change that ended all sessions."""

    type = "session.begun"
    log_event = "auth.login.succeeded"
    outcome = "success"
    counted = ((LOGINS, "succeeded"),)


@frozen(slots=False)
class LoginFailed(Event):
    """A login was refused: 401, or 403 for `email_not_verified`, `password_change_required` and `deletion_pending`.

    With 401, `reason` is `unknown_user`, `wrong_password`, `inactive_user` or `outdated_proof` (all sessions of the
    user were ended meanwhile), which the caller must not learn. With 403, the password was right; the answer to
    `deletion_pending` has a token that restores the account. `target_user_id` is the user of the typed name.
    """

    log_event = "auth.login.failed"
    outcome = "failure"
    counted = ((LOGINS, "failed"),)
    reason: RefusalReason | Literal["wrong_password", "deletion_pending"]
    target_user_id: UUID | None = None


@frozen(slots=False)
class LoginThrottled(Event):
    """An attempt was refused with 429 before the password was checked: too many attempts in a row have failed.

    `counted_as` is the kind of these attempts: from a known `device`, from a known `address`, from `strangers`, in a
    session (`signed_in`), or codes of the `second_factor`. `target_user_id` is the user of the typed name; it is
    missing if no user has that name.
    """

    log_event = "auth.login.throttled"
    outcome = "failure"
    counted = ((LOGINS, "throttled"),)
    counted_as: ClientKind
    target_user_id: UUID | None = None


@frozen(slots=False)
class LoginUnthrottled(AuditedEvent):
    """An operator reset the failed logins of `target_user_id`: the next login is not delayed."""

    type = "login.unthrottled"
    log_event = "auth.login.unthrottled"
    user_fact = "target_user_id"
    outcome = "success"


@frozen(slots=False)
class SessionEnded(AuditedEvent):
    """A session ended. `reason` is `logout`, `reuse`, `owner`, or `displaced`.

    `reuse`: a refresh token or a code was used twice. `owner`: its user ended it in the list of sessions, or withdrew
    the application's consent. `displaced`: a login exceeded `SESSIONS_PER_USER`, or a limit of 100 in browsers.
    """

    type = "session.ended"
    log_event = "auth.session.revoked"
    outcome = "success"
    counted = ((REVOCATIONS, "revoked"),)
    reason: EndReason


@frozen(slots=False)
class SessionReauthenticated(AuditedEvent):
    """A user authenticated again. The session continues under a new id; `previous_session_id` is no longer valid."""

    type = "session.reauthenticated"
    log_event = "auth.session.reauthenticated"
    outcome = "success"
    previous_session_id: UUID


@frozen(slots=False)
class CurrentPasswordRefused(Event):
    """A signed-in user sent a wrong current password, to reauthenticate or to change it."""

    log_event = "auth.current_password.refused"
    outcome = "failure"


@frozen(slots=False)
class SessionAllEnded(AuditedEvent):
    """`count` sessions were ended at once.

    An operator ended the sessions of all users, or a user or an administrator ended those of one user. `which` is
    `all`, or `others` if the caller's own session continues.
    """

    type = "session.all_ended"
    log_event = "auth.session.all_revoked"
    level = "warning"
    outcome = "success"
    reason: EndReason
    count: int
    which: Literal["all", "others"] = "all"


@frozen(slots=False)
class RevocationIgnored(Event):
    """A logout ended no session: the token is `malformed`, or its session is `not_live`."""

    log_event = "auth.revocation.ignored"
    outcome = "failure"
    counted = ((REVOCATIONS, "ignored"),)
    reason: Literal["malformed", "not_live"]


@frozen(slots=False)
class RefreshRotated(Event):
    """A session got its next pair of tokens."""

    log_event = "auth.refresh.rotated"
    outcome = "success"
    counted = ((REFRESHES, "rotated"),)


@frozen(slots=False)
class RefreshRepeated(Event):
    """The token that was just replaced was used again within the leeway: its successor was returned again."""

    log_event = "auth.refresh.repeated"
    outcome = "success"
    counted = ((REFRESHES, "repeated"),)


@frozen(slots=False)
class RefreshRefused(Event):
    """A refresh was refused with 401, or with 400 if the request was a form.

    `reason` is `malformed` (forged, or not a token), `not_current` (ended, expired, unknown, of another client or of
    an inactive user), `scope` (the session lacks a requested scope), `resource` (the requested audience is not the
    session's, or the session's is no longer available) or `key` (the token is bound to a key that was not proven).
    """

    log_event = "auth.refresh.refused"
    outcome = "failure"
    counted = ((REFRESHES, "refused"),)
    reason: Literal["malformed", "not_current", "scope", "resource", "key"]


@frozen(slots=False)
class SessionReuseDetected(AuditedEvent):
    """A used token was presented again, or one was presented by another client with its secret; the session was ended.

    The token was stolen, or its client refreshed twice with it.
    """

    type = "session.reuse_detected"
    log_event = "auth.refresh.reuse_detected"
    level = "warning"
    outcome = "failure"
    counted = ((REFRESHES, "reused"), (REUSE_DETECTIONS, ""))


@frozen(slots=False)
class StoredHashRefused(Event):
    """A password was refused because its stored hash can no longer be verified.

    The hash was imported, and the settings or the packages have changed since: see `reason`.
    """

    log_event = "auth.stored_hash.refused"
    level = "warning"
    outcome = "failure"
    reason: HashRefusal


@frozen(slots=False)
class BreachCheckPassed(Event):
    """A new password is not among the breached passwords (`PASSWORD_BREACHES`)."""

    log_event = "auth.breach_check.passed"
    level = "debug"
    outcome = "success"
    counted = ((BREACH_CHECKS, "passed"),)


@frozen(slots=False)
class BreachedPasswordRefused(Event):
    """A new password is among the breached passwords and was refused: 422 `password_breached`."""

    log_event = "auth.breach_check.refused"
    outcome = "failure"
    counted = ((BREACH_CHECKS, "breached"),)


@frozen(slots=False)
class BreachCheckFailed(Event):
    """A new password could not be looked up among the breached passwords.

    `accepted` is whether it was accepted; with `PASSWORD_BREACHES_FAILURE=closed` the answer was 503. `reason` is
    `timeout`, `busy`, `connection`, `status`, `too_large`, `malformed`, `circuit_open` or `unreadable`.
    """

    log_event = "auth.breach_check.failed"
    level = "warning"
    outcome = "failure"
    counted = ((BREACH_CHECKS, "failed"),)
    reason: str
    accepted: bool
