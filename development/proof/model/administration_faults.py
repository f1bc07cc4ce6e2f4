"""Faults of one line each in the administration of sessions and rights. ``faults.py`` lists all."""

from typing import Final

from development.proof.model.fault import Fault

AUTHORIZATION: Final = "domain/administration/authorization.py"
ACTING_SESSION: Final = "domain/auth/sessions/acting_session.py"
ADMINISTERED_USERS_SQL: Final = "domain/administration/repositories/users.py"
ADMISSION: Final = "domain/auth/sessions/admission.py"
DELETIONS_SQL: Final = "domain/accounts/repositories/deletions.py"
EMAIL_CHANGES_SQL: Final = "domain/accounts/repositories/email_changes.py"
ROLE_DEFINITIONS_SQL: Final = "domain/administration/repositories/roles.py"
ROLES_SQL: Final = "domain/auth/repositories/roles.py"
SESSIONS_SQL: Final = "domain/auth/repositories/sessions.py"
USER_ACTIONS: Final = "domain/administration/user_actions.py"

ADMINISTRATION_FAULTS: Final = (
    Fault(
        ACTING_SESSION,
        "    return effective_scopes(caller.client_id, caller.token_scopes, own)",
        "    return caller.scopes",
        "an administrator keeps the rights of a removed role",
    ),
    Fault(
        SESSIONS_SQL,
        "                       WHERE roles.name = ANY(users.roles)\n",
        "",
        "a user with any role has the rights of all roles",
    ),
    Fault(
        ROLES_SQL,
        "        SET roles = %(names)s,",
        "        SET roles = roles || %(names)s,",
        "a removed role remains",
    ),
    Fault(
        ROLE_DEFINITIONS_SQL,
        "            scopes = %(scopes)s,",
        "            scopes = roles.scopes || %(scopes)s,",
        "a role still grants a scope that was removed from it",
    ),
    Fault(
        AUTHORIZATION,
        "    require_scopes_within(own, {needed}, target.scopes)",
        "    require_scopes_within(own, {needed})",
        "support signs administrators out",
    ),
    Fault(
        ADMINISTERED_USERS_SQL,
        "            session_epoch = session_epoch + 1,\n",
        "",
        "a thief stays signed in when an administrator resets the password",
    ),
    Fault(
        ADMISSION,
        "    if account.must_change_password:",
        "    if account.must_change_password and not account.is_verified:",
        "a stolen password signs in after an administrator's reset",
    ),
    Fault(
        EMAIL_CHANGES_SQL,
        "                email_bounced_at = NULL,\n                session_epoch = session_epoch + 1,\n",
        "                email_bounced_at = NULL,\n",
        "a thief stays signed in when an administrator replaces the address",
    ),
    Fault(
        EMAIL_CHANGES_SQL,
        "                email_key = %(email_key)s,\n                email_verified_at = NULL,\n",
        "                email_key = %(email_key)s,\n",
        "an address that an administrator mistyped counts as verified",
    ),
    Fault(
        USER_ACTIONS,
        "            event = await deactivate_account(connection, account)\n",
        "            event = await deactivate_account(connection, account)\n"
        '            back = "UPDATE users SET session_epoch = session_epoch - 1 WHERE id = %s"\n'
        "            await connection.execute(back, [user_id])\n",
        "a thief's session works again when a deactivated user is activated",
    ),
    Fault(
        DELETIONS_SQL,
        "            is_restorable = is_active OR is_restorable,",
        "            is_restorable = true,",
        "a deactivated user restores the account by password once its deletion is scheduled",
    ),
)
